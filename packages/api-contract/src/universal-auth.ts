import { z } from 'zod'
import {
  everyAddress,
  numUsesLimit,
  trustedIps,
  trustedIpsShown,
  ttlSeconds,
  ttlSecondsDefault,
} from './access-token-settings.ts'
import { pathId, singleLine, timestamp } from './text.ts'

const clientSecretTrustedIps = trustedIps.describe('From where a client secret may be used to log in')
const ttl = ttlSeconds.describe('Seconds; 0: as long as possible')
const maxTtl = ttlSeconds.describe('Seconds of renewals at most; 0: no limit')
const period = ttlSeconds.describe(
  'Seconds. Above 0 it takes the place of both TTLs: each renewal gives that much again, without end',
)
const lockoutEnabled = z
  .boolean()
  .describe('Whether wrong client secrets lock out the address that sends them, and no other')
const lockoutThreshold = z.int().min(1).max(30).describe('So many wrong secrets lock an address out')
const lockoutDurationSeconds = z.int().min(30).max(86_400)
const lockoutCounterResetSeconds = z
  .int()
  .min(5)
  .max(3600)
  .describe('So long after the last wrong secret the count begins anew')

export const attachUniversalAuthRequest = z.object({
  clientSecretTrustedIps: clientSecretTrustedIps.default(everyAddress),
  accessTokenTrustedIps: trustedIps.default(everyAddress),
  accessTokenTTL: ttl.default(ttlSecondsDefault),
  accessTokenMaxTTL: maxTtl.default(ttlSecondsDefault),
  accessTokenNumUsesLimit: numUsesLimit.default(0),
  accessTokenPeriod: period.default(0),
  lockoutEnabled: lockoutEnabled.default(true),
  lockoutThreshold: lockoutThreshold.default(3),
  lockoutDurationSeconds: lockoutDurationSeconds.default(300),
  lockoutCounterResetSeconds: lockoutCounterResetSeconds.default(30),
})

/** What is absent stays as it is. */
export const updateUniversalAuthRequest = z.object({
  clientSecretTrustedIps: clientSecretTrustedIps.optional(),
  accessTokenTrustedIps: trustedIps.optional(),
  accessTokenTTL: ttl.optional(),
  accessTokenMaxTTL: maxTtl.optional(),
  accessTokenNumUsesLimit: numUsesLimit.optional(),
  accessTokenPeriod: period.optional(),
  lockoutEnabled: lockoutEnabled.optional(),
  lockoutThreshold: lockoutThreshold.optional(),
  lockoutDurationSeconds: lockoutDurationSeconds.optional(),
  lockoutCounterResetSeconds: lockoutCounterResetSeconds.optional(),
})

export const identityUniversalAuth = z.object({
  id: z.uuid(),
  clientId: z.uuid(),
  identityId: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
  clientSecretTrustedIps: trustedIpsShown,
  accessTokenTrustedIps: trustedIpsShown,
  accessTokenTTL: z.int(),
  accessTokenMaxTTL: z.int(),
  accessTokenNumUsesLimit: z.int(),
  accessTokenPeriod: z.int(),
  lockoutEnabled: z.boolean(),
  lockoutThreshold: z.int(),
  lockoutDurationSeconds: z.int(),
  lockoutCounterResetSeconds: z.int(),
})

export const universalAuthReply = z
  .object({ identityUniversalAuth })
  .meta({ description: 'How the identity logs in with a client id and a client secret' })

export const clientSecretParams = z.object({ identityId: pathId, clientSecretId: pathId })

export const createClientSecretRequest = z.object({
  description: singleLine(1024).default(''),
  numUsesLimit: numUsesLimit.default(0),
  ttl: ttlSeconds.default(0).describe('Seconds; 0: the secret never expires'),
})

export const clientSecretData = z.object({
  id: z.uuid(),
  createdAt: timestamp,
  updatedAt: timestamp,
  isClientSecretRevoked: z.boolean(),
  description: z.string(),
  clientSecretPrefix: z.string().describe('The first four characters of the secret'),
  clientSecretNumUses: z.int(),
  clientSecretNumUsesLimit: z.int().describe('0: any number'),
  clientSecretTTL: z.int().describe('Seconds; 0: the secret never expires'),
  clientSecretExpiresAt: timestamp.nullable().describe('Null: never'),
  clientSecretLastUsedAt: timestamp.nullable(),
  identityUAId: z.uuid(),
})

export const createClientSecretReply = z.object({
  clientSecret: z.string().describe('Shown this once; Postern keeps only its hash'),
  clientSecretData,
})
export const listClientSecretsReply = z.object({ clientSecretData: z.array(clientSecretData) })
export const clientSecretReply = z.object({ clientSecretData })
export const clearLockoutsReply = z.object({
  deleted: z.int().describe('How many addresses were locked out'),
})

const pastedCharactersMax = 512

export const universalLoginRequest = z
  .object({
    clientId: z.string().trim().min(1).max(pastedCharactersMax),
    clientSecret: z.string().trim().min(1).max(pastedCharactersMax),
    organizationSlug: z
      .string()
      .max(64)
      .nullish()
      .describe('If given, the identity must belong to this organization'),
  })
  .meta({ description: 'A login with a client id and a client secret' })

export type AttachUniversalAuthRequest = z.output<typeof attachUniversalAuthRequest>
export type UpdateUniversalAuthRequest = z.output<typeof updateUniversalAuthRequest>
export type IdentityUniversalAuth = z.output<typeof identityUniversalAuth>
export type CreateClientSecretRequest = z.output<typeof createClientSecretRequest>
export type ClientSecretData = z.output<typeof clientSecretData>
