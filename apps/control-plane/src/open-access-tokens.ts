import { setTimeout as sleep } from 'node:timers/promises'
import { registerAccessTokenRoutes } from './access-tokens/access-token-routes.ts'
import {
  type AdministerSigningKeys,
  createAdministerSigningKeys,
} from './access-tokens/administer-signing-keys.ts'
import type { ChangeRevocations } from './access-tokens/change-revocations.ts'
import { createCheckAccessToken } from './access-tokens/check-access-token.ts'
import type { DatabaseClock } from './access-tokens/database-clock.ts'
import type { AccessTokenUseStore } from './access-tokens/access-token-use-store.ts'
import { registerIdentityTokenRoutes } from './access-tokens/identity-token-routes.ts'
import { createIntrospectAccessToken } from './access-tokens/introspect-access-token.ts'
import { registerIntrospectionRoutes } from './access-tokens/introspection-routes.ts'
import { createAccessTokenIssuer } from './access-tokens/issue-access-token.ts'
import { createReadAccessToken } from './access-tokens/read-access-token.ts'
import { startRemovingExpiredRows } from './access-tokens/remove-expired-rows.ts'
import { createRenewAccessToken } from './access-tokens/renew-access-token.ts'
import { RevocationFeed } from './access-tokens/revocation-feed.ts'
import type { RevocationStore } from './access-tokens/revocation-store.ts'
import { createRevokeAccessToken } from './access-tokens/revoke-access-token.ts'
import { createRevokeIdentityTokens } from './access-tokens/revoke-identity-tokens.ts'
import { registerSigningKeyRoutes } from './access-tokens/signing-key-routes.ts'
import type { SigningKeyStore } from './access-tokens/signing-key-store.ts'
import { type InstanceKeyring, SigningKeys } from './access-tokens/signing-keys.ts'
import { type ReadTrustedIps, TrustedIpLookup } from './access-tokens/trusted-ip-lookup.ts'
import { createAccessTokenVerifier } from './access-tokens/verify-access-token.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { ChangeAudit } from './audit/change-audit.ts'
import type { Commit } from './database/commit.ts'
import { type Repetition, startRepeating } from './gateways/repeat.ts'
import type { HttpServer } from './http/http-server.ts'
import type { IdentityReader } from './identities/identity-cache.ts'
import type { RequireWithinIdentity } from './identities/require-within-identity.ts'
import type { Authenticate } from './permissions/actor.ts'
import type { ChangeNotices } from './replicas/change-notices.ts'

type Scope = { revocations: ChangeRevocations; signingKeys: SigningKeyStore; audit: ChangeAudit }

export interface AccessTokensOptions {
  config: { publicUrl: string; signingKeyDaysMax?: number }
  commit: Commit<Scope>
  auditLog: AuditLog
  now: () => Date
  signingKeys: SigningKeyStore
  /** Set by this, and read before only in vain. */
  clock: DatabaseClock
  uses: AccessTokenUseStore
  revocationStore: RevocationStore
  keyring: InstanceKeyring
  identities: IdentityReader
  readTrustedIps: ReadTrustedIps
  /** Of others, to be done with its own: see `remove-expired-rows.ts`. */
  removals: readonly ((rowsMax: number) => Promise<number>)[]
  notices: ChangeNotices
  logger: { warn(fields: object, message: string): void }
}

export interface AccessTokenRoutesOptions {
  authenticate: Authenticate
  requireWithinIdentity: RequireWithinIdentity
}

/** Everything that issues, reads, renews and revokes access tokens, on one clock. */
export async function openAccessTokens(options: AccessTokensOptions) {
  const { config, clock, signingKeys, uses, revocationStore, keyring, readTrustedIps, notices, logger } =
    options
  const findIdentity: IdentityReader['findIdentity'] = (id) => options.identities.findIdentity(id)
  const issuer = config.publicUrl
  const onReadFailed = (error: unknown): void => logger.warn({ err: error }, 'revocations not read')
  // First: it sets the clock that everything else here reads.
  const revocations = await RevocationFeed.open({
    store: revocationStore,
    clock,
    onReadFailed,
    onRevoked: notices.on('revocations', () => revocations.readSoon()),
  })
  const keys = await SigningKeys.open({ store: signingKeys, keyring, clock })
  const tellOfSigningKeys = notices.on('signing-keys', () => {
    keys.reload().catch((error: unknown) => logger.warn({ err: error }, 'signing keys not read'))
  })
  const trustedIps = new TrustedIpLookup(readTrustedIps)
  const readToken = createReadAccessToken({ keys, issuer, clock })
  const checkToken = createCheckAccessToken({ readToken, revocations, trustedIps })
  const administration = createAdministerSigningKeys({ ...options, keys, onAdded: tellOfSigningKeys })
  const watch = watchSigningKeys(keys, logger)
  const upkeep = startRemovingExpiredRows({
    removals: [
      () => keepSigningKeys(keys, administration, config.signingKeyDaysMax ?? 0),
      ...options.removals,
      (rowsMax) => uses.deleteExpired(rowsMax),
      (rowsMax) => revocationStore.deleteExpired(rowsMax),
      () => Promise.resolve(revocations.removeExpired()).then(() => 0),
    ],
    onFailed: (error) => logger.warn({ err: error }, 'expired rows not removed'),
  })
  return {
    issuer: createAccessTokenIssuer({ keys, issuer, clock }),
    verifier: createAccessTokenVerifier({ checkToken, uses }),
    revocations,
    clock,
    registerRoutes: (
      server: HttpServer,
      { authenticate, requireWithinIdentity }: AccessTokenRoutesOptions,
    ) => {
      registerAccessTokenRoutes(server, {
        renewToken: createRenewAccessToken({ checkToken, uses, findIdentity, keys, clock }),
        revokeToken: createRevokeAccessToken({ readToken, revocations, commit: options.commit, clock }),
        auditLog: options.auditLog,
        keys,
      })
      registerIntrospectionRoutes(server, {
        authenticate,
        introspectToken: createIntrospectAccessToken({ checkToken, findIdentity, uses }),
      })
      registerIdentityTokenRoutes(server, {
        authenticate,
        revokeIdentityTokens: createRevokeIdentityTokens({ ...options, requireWithinIdentity, revocations }),
      })
      registerSigningKeyRoutes(server, { authenticate, signingKeys: administration })
    },
    close: () => Promise.all([upkeep.close(), watch.close(), revocations.close()]),
  }
}

const dayMs = 86_400_000

/** What another replica did with a key is known within a second, though its notice is lost. */
const signingKeysMsMax = 800

function watchSigningKeys(keys: SigningKeys, logger: AccessTokensOptions['logger']): Repetition {
  let isRead = true
  return startRepeating({
    intervalMs: signingKeysMsMax,
    task: async () => {
      await keys.reload()
      isRead = true
    },
    // Of a database that is away, once.
    onFailure: (error) => {
      if (isRead) logger.warn({ err: error }, 'signing keys not read')
      isRead = false
    },
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
}

/** Once a minute: retires what no token needs, rotates what is too old. */
async function keepSigningKeys(
  keys: SigningKeys,
  administration: AdministerSigningKeys,
  daysMax: number,
): Promise<number> {
  await keys.retireOutlived()
  if (daysMax > 0) await administration.rotateByAge(daysMax * dayMs)
  return 0
}
