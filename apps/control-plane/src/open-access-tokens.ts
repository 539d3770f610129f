import { createCheckAccessToken } from './access-tokens/check-access-token.ts'
import { DatabaseClock } from './access-tokens/database-clock.ts'
import type { AccessTokenUseStore } from './access-tokens/access-token-use-store.ts'
import { createAccessTokenIssuer } from './access-tokens/issue-access-token.ts'
import { createReadAccessToken } from './access-tokens/read-access-token.ts'
import { startRemovingExpiredRows } from './access-tokens/remove-expired-rows.ts'
import { createRenewAccessToken } from './access-tokens/renew-access-token.ts'
import { RevocationFeed } from './access-tokens/revocation-feed.ts'
import type { RevocationStore } from './access-tokens/revocation-store.ts'
import {
  createRevokeAccessToken,
  type RevokeAccessTokenDependencies,
} from './access-tokens/revoke-access-token.ts'
import type { SigningKeyStore } from './access-tokens/signing-key-store.ts'
import { type InstanceKeyring, SigningKeys } from './access-tokens/signing-keys.ts'
import { type ReadTrustedIps, TrustedIpLookup } from './access-tokens/trusted-ip-lookup.ts'
import { createAccessTokenVerifier } from './access-tokens/verify-access-token.ts'

export interface AccessTokensOptions {
  commit: RevokeAccessTokenDependencies['commit']
  config: { publicUrl: string }
  signingKeys: SigningKeyStore
  uses: AccessTokenUseStore
  revocationStore: RevocationStore
  keyring: InstanceKeyring
  findIdentity: (identityId: string) => Promise<{ isDisabled: boolean } | undefined>
  readTrustedIps: ReadTrustedIps
  /** Of others, to be done with its own: see `remove-expired-rows.ts`. */
  removals: readonly ((rowsMax: number) => Promise<number>)[]
  logger: { warn(fields: object, message: string): void }
}

/** Everything that issues, reads, renews and revokes access tokens, on one clock. */
export async function openAccessTokens(options: AccessTokensOptions) {
  const { config, signingKeys, uses, revocationStore, keyring, findIdentity, readTrustedIps, logger } =
    options
  const issuer = config.publicUrl
  const clock = new DatabaseClock()
  const onReadFailed = (error: unknown): void => logger.warn({ err: error }, 'revocations not read')
  // First: it sets the clock that everything else here reads.
  const revocations = await RevocationFeed.open({ store: revocationStore, clock, onReadFailed })
  const keys = await SigningKeys.open({ store: signingKeys, keyring, clock })
  const trustedIps = new TrustedIpLookup(readTrustedIps)
  const readToken = createReadAccessToken({ keys, issuer, clock })
  const checkToken = createCheckAccessToken({ readToken, revocations, trustedIps })
  const upkeep = startRemovingExpiredRows({
    removals: [
      ...options.removals,
      (rowsMax) => uses.deleteExpired(rowsMax),
      (rowsMax) => revocationStore.deleteExpired(rowsMax),
      async () => {
        revocations.removeExpired()
        await keys.reload()
        return 0
      },
    ],
    onFailed: (error) => logger.warn({ err: error }, 'expired rows not removed'),
  })
  return {
    issuer: createAccessTokenIssuer({ keys, issuer, clock }),
    verifier: createAccessTokenVerifier({ checkToken, uses }),
    renewToken: createRenewAccessToken({ checkToken, uses, findIdentity, keys, clock }),
    revokeToken: createRevokeAccessToken({ readToken, revocations, commit: options.commit, clock }),
    revocations,
    keys,
    clock,
    close: () => Promise.all([upkeep.close(), revocations.close()]),
  }
}
