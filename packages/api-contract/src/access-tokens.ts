import { z } from 'zod'
import { timestamp } from './text.ts'

/** What a token's own endpoints take; the token is its own credential, no header is needed. */
export const accessTokenBody = z.object({
  accessToken: z.string().min(1).max(8192).describe('The access token that a login or a renewal returned'),
})

/** What every login and every renewal returns. All numbers are whole seconds. */
export const accessTokenReply = z
  .object({
    accessToken: z.string().describe('A signed JWT; send it as `Authorization: Bearer …`'),
    expiresIn: z.int().describe('Seconds until this JWT expires'),
    accessTokenMaxTTL: z
      .int()
      .describe(
        'Seconds from the login after which renewal ends; at least `expiresIn`, 1000000000 if unlimited',
      ),
    tokenType: z.literal('Bearer'),
  })
  .meta({ description: 'An access token' })

export const accessTokenRevokedReply = z.object({ message: z.string() })

export const revokeIdentityTokensRequest = z.object({
  authMethod: z
    .enum(['kubernetes-auth', 'universal-auth', 'token-auth'])
    .optional()
    .describe('Only the tokens that this auth method led to'),
})

/** RFC 7662 §2.1; as a form or as JSON. */
export const introspectionRequest = z.object({
  token: z.string().min(1).max(8192).describe('The access token to ask about'),
  token_type_hint: z.string().max(64).optional().describe('Has no meaning here'),
})

/** RFC 7662 §2.2. */
export const introspectionReply = z.discriminatedUnion('active', [
  z.object({ active: z.literal(false) }),
  z.object({
    active: z.literal(true),
    token_type: z.literal('Bearer'),
    iss: z.string(),
    sub: z.string(),
    jti: z.string(),
    iat: z.int(),
    exp: z.int(),
    username: z.string().describe('The identity’s name when it logged in'),
    identityId: z.string(),
    identityName: z.string(),
    authMethod: z.string(),
    orgId: z.string(),
    clientSecretId: z.string().describe('Empty but for Universal Auth'),
    accessTokenTTL: z.int(),
    accessTokenMaxTTL: z.int(),
    accessTokenPeriod: z.int(),
    usesLeft: z.int().nullable().describe('Null: any number'),
    identityAuth: z
      .object({ kubernetes: z.object({ namespace: z.string(), name: z.string() }) })
      .optional()
      .describe('The workload that the cluster vouched for'),
  }),
])

/** RFC 7517 and RFC 8037. */
export const jsonWebKeySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string().describe('The public key, base64url'),
        kid: z.string().describe('RFC 7638 thumbprint'),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ description: 'The public keys that access tokens are signed with' })

export const signingKeyShown = z.object({
  kid: z.string().describe('RFC 7638 thumbprint'),
  state: z
    .enum(['waiting', 'signing', 'verifying'])
    .describe('waiting: published, signs later. verifying: a newer key signs'),
  createdAt: timestamp,
  signsFrom: timestamp,
  retiresAt: timestamp.nullable().describe('When it stops to verify; null while no newer key exists'),
})

export const listSigningKeysReply = z.object({ signingKeys: z.array(signingKeyShown) })
export const signingKeyReply = z.object({ signingKey: signingKeyShown })

export type SigningKeyShown = z.output<typeof signingKeyShown>
export type AccessTokenReply = z.output<typeof accessTokenReply>
export type IntrospectionReply = z.output<typeof introspectionReply>
