import { z } from 'zod'
import { timestamp } from './text.ts'

export const encryptionKeyResponse = z.object({
  encryptionKey: z.object({
    number: z.int().min(1).describe('Of the key that everything new is encrypted under'),
    earlier: z
      .array(z.object({ number: z.int().min(1), retiredAt: timestamp }))
      .describe('Kept until nothing is encrypted under them, and ten minutes at least'),
  }),
})
