import { z } from 'zod'
import { pathId, singleLine, timestamp } from './text.ts'

export const emailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email())
  .describe('Compared without case')

/** Half a surrogate pair has no UTF-8: two such passwords would hash alike. */
export const newPassword = z
  .string()
  .min(8)
  .max(128)
  .refine((text) => text.isWellFormed(), 'Not well-formed Unicode')
  .describe('8 to 128 characters; stored as an argon2id hash alone')

/** One that exists already: whatever its rules were when it was set. */
const existingPassword = z.string().min(1).max(128)

export const personName = singleLine(100)

export const passwordLoginRequest = z
  .object({
    // A form that no account has is an unknown address, not a wrong request: the answer is the same 401.
    email: z.string().trim().toLowerCase().min(1).max(254),
    password: existingPassword,
  })
  .meta({ description: 'A sign-in of a person' })

const sessionToken = z
  .string()
  .describe(
    'Send it as `Authorization: Bearer …`. Opaque: it has the form of a JWT whose readable part is a hint for clients, and ' +
      'counts by its last part alone',
  )

export const passwordLoginResponse = z.object({ accessToken: sessionToken })

export const selectOrganizationRequest = z.object({
  organizationId: pathId.describe('One of one’s own: `GET /api/v1/organization`'),
})
export const selectOrganizationResponse = z.object({ token: sessionToken, isMfaEnabled: z.literal(false) })

export const sessionTokenResponse = z.object({
  token: sessionToken,
  organizationId: z.uuid().nullable().describe('Null until one was selected'),
})

/** Names are kept whole: `firstName` has all of it, for clients that know no other. */
export const person = z.object({
  id: z.uuid(),
  email: z.string(),
  username: z.string().describe('The e-mail address'),
  name: z.string(),
  firstName: z.string(),
  lastName: z.literal(''),
})

export const checkAuthResponse = z.object({
  message: z.string(),
  user: person,
  sessionId: z.uuid(),
  organizationId: z.uuid().nullable(),
})

export const messageResponse = z.object({ message: z.string() })

export const userResponse = z.object({
  user: person.extend({ createdAt: timestamp, lastLoginAt: timestamp.nullable() }),
})

export const updateUserRequest = z.object({ name: personName.min(1) })

export const sessionIdParams = z.object({ sessionId: pathId })

export const listSessionsResponse = z.array(
  z.object({
    id: z.uuid(),
    ip: z.string().describe('From where it was begun'),
    userAgent: z.string(),
    organizationId: z.uuid().nullable(),
    createdAt: timestamp,
    lastUsed: timestamp.describe('To the minute'),
    expiresAt: timestamp.describe('At the latest; it ends earlier when it is not used'),
    isCurrent: z.boolean(),
  }),
)

export const endSessionsResponse = z.object({ message: z.string(), ended: z.int() })

export const changePasswordRequest = z.object({ oldPassword: existingPassword, newPassword })
export const changePasswordResponse = z.object({
  message: z.string(),
  token: sessionToken.describe('Of this session from now on; all others are ended'),
})

const linkToken = z.string().min(1).max(128)

export const resetPasswordRequest = z.object({
  token: linkToken.describe('Of the link that an admin made; starts with `prst_`'),
  newPassword,
})

export const acceptInvitationRequest = z.object({
  token: linkToken.describe('Of the link; starts with `pinv_`'),
  password: existingPassword.describe(
    'For a person who has an account here, its password; for a new one the password to set, 8 to 128 characters',
  ),
  name: personName.optional(),
})

export type Person = z.output<typeof person>
