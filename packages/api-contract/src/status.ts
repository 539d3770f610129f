import { z } from 'zod'
import { timestamp } from './text.ts'

/** Clients check the status 200 and that `message` is exactly "Ok"; the rest says which optional parts exist. */
export const statusResponse = z.object({
  date: timestamp,
  message: z.literal('Ok'),
  emailConfigured: z.boolean(),
  inviteOnlySignup: z.boolean(),
  redisConfigured: z.boolean(),
  secretScanningConfigured: z.boolean(),
  samlDefaultOrgSlug: z.string().nullable(),
  auditLogStorageDisabled: z.boolean(),
})
