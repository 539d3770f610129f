import { z } from 'zod'
import { emailAddress, newPassword, person, personName } from './people.ts'
import { singleLine } from './text.ts'

export const bootstrapRequest = z.object({
  email: emailAddress.describe('Of the first person; compared without case'),
  password: newPassword,
  organization: singleLine(64).min(1).describe('Name of the first organization'),
})

export const bootstrapResponse = z.object({
  message: z.string(),
  identity: z.object({
    id: z.uuid(),
    name: z.string(),
    credentials: z.object({
      token: z.string().describe('An admin’s access token. Shown this once, lives 30 days, can be renewed'),
    }),
  }),
  organization: z.object({ id: z.uuid(), name: z.string(), slug: z.string() }),
  user: z.object({ id: z.uuid(), email: z.string(), username: z.string(), superAdmin: z.boolean() }),
})

export const signUpRequest = z.object({
  email: emailAddress,
  password: newPassword,
  firstName: personName.min(1),
  lastName: personName.optional(),
})

export const signUpResponse = z.object({
  message: z.string(),
  token: z.string().describe('Of a session in no organization yet'),
  new: z.literal(''),
  organization: z.object({ id: z.uuid(), name: z.string(), slug: z.string() }),
  user: person.extend({ superAdmin: z.literal(true) }),
})
