import { z } from 'zod'
import { singleLine } from './text.ts'

export const bootstrapRequest = z.object({
  email: z
    .string()
    .trim()
    .toLowerCase()
    .max(254)
    .pipe(z.email())
    .describe('Of the first person; compared without case'),
  password: z.string().min(8).max(128).describe('8 to 128 characters; stored as an argon2id hash alone'),
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
