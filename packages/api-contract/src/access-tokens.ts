import { z } from 'zod'

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

export type AccessTokenReply = z.output<typeof accessTokenReply>
