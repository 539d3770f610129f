import { randomUUID } from 'node:crypto'
import type { AccessTokenIssuer } from '../access-tokens/issue-access-token.ts'
import { anyAddress } from '../access-tokens/trusted-ips.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { ApiError } from '../http/api-error.ts'
import { invalidField } from '../http/validation-failure.ts'
import { hashPassword } from '../users/hash-password.ts'
import { passwordProblem } from '../users/password-problem.ts'
import type { FirstRows, OrganizationStore } from './organization-store.ts'
import { slugOf } from './slug.ts'

export interface BootstrapDependencies {
  store: Pick<OrganizationStore, 'isBootstrapped' | 'bootstrap'>
  /** A new organization's data key, wrapped by the root key. */
  createOrganizationKey: () => Buffer
  accessTokenIssuer: AccessTokenIssuer
  auditLog: AuditLog
  now: () => Date
}

export interface BootstrapRequest {
  /** Lower case. */
  email: string
  password: string
  organization: string
  requestId: string
  ipAddress: string
}

export interface BootstrappedInstance extends FirstRows {
  accessToken: string
}

const identityName = 'Instance admin'
/** 30 days; a renewal extends them, as often as it is wanted. */
const tokenSettings = { ttlSeconds: 2_592_000, maxTtlSeconds: 0, numUsesLimit: 0, trustedIps: anyAddress }

/** Makes the first organization with its admins, exactly once in the life of an instance. */
export function createBootstrapInstance(
  dependencies: BootstrapDependencies,
): (request: BootstrapRequest) => Promise<BootstrappedInstance> {
  const { store, createOrganizationKey, accessTokenIssuer, auditLog, now } = dependencies
  return async ({ email, password, organization: name, requestId, ipAddress }) => {
    // Before the hash, which costs 20 ms and 19 MiB: anybody may call this for ever.
    if (await store.isBootstrapped()) throw alreadyBootstrapped()
    const problem = passwordProblem(password, { email, organization: name })
    if (problem !== undefined) throw invalidField('password', `The password ${problem}`)
    const rows: FirstRows = {
      organization: { id: randomUUID(), name, slug: slugOf(name), wrappedKey: createOrganizationKey() },
      user: { id: randomUUID(), email, passwordHash: await hashPassword(password) },
      identity: { id: randomUUID(), name: identityName },
    }
    // Signed before the rows exist: should it fail, the bootstrap can be tried again. Without its rows it opens nothing.
    const { accessToken } = await accessTokenIssuer.issue({
      identityId: rows.identity.id,
      identityName,
      organizationId: rows.organization.id,
      authMethod: 'token-auth',
      settings: tokenSettings,
    })
    if ((await store.bootstrap(rows)) === 'already-bootstrapped') throw alreadyBootstrapped()
    await auditLog.record({
      occurredAt: now(),
      organizationId: rows.organization.id,
      requestId,
      event: 'instance-bootstrapped',
      outcome: 'success',
      actor: { kind: 'user', id: rows.user.id },
      identityId: rows.identity.id,
      ipAddress,
      details: { email, organization: name, slug: rows.organization.slug },
    })
    return { ...rows, accessToken }
  }
}

function alreadyBootstrapped(): ApiError {
  return new ApiError(
    'BadRequest',
    'This instance is already bootstrapped: use the token of its admin, or start with an empty database',
  )
}
