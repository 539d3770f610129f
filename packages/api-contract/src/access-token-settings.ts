import { z } from 'zod'

/** What each auth method says of the access tokens that it leads to. */

/** Ten years. */
export const ttlSecondsMax = 315_360_000
/** PostgreSQL's integer. */
const usesMax = 2_147_483_647

export const trustedIps = z
  .array(z.object({ ipAddress: z.string().max(64).describe('An address, or a network such as 10.0.0.0/8') }))
  .min(1)
  .max(256)
  .describe('From where the access tokens may be used')

export const everyAddress = [{ ipAddress: '0.0.0.0/0' }, { ipAddress: '::/0' }]

export const trustedIpsShown = z.array(
  z.object({ ipAddress: z.string(), type: z.enum(['ipv4', 'ipv6']), prefix: z.int().optional() }),
)

export const ttlSeconds = z.int().min(0).max(ttlSecondsMax)
export const ttlSecondsDefault = 2_592_000
export const numUsesLimit = z.int().min(0).max(usesMax).describe('0: any number')
