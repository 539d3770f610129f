import { randomUUID } from 'node:crypto'
import type { AccessTokenIssuer } from '../access-tokens/issue-access-token.ts'
import { anyAddress } from '../access-tokens/trusted-ips.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { invalidField } from '../http/validation-failure.ts'
import { hashPassword } from '../users/hash-password.ts'
import { passwordProblem } from '../users/password-problem.ts'
import type { FirstRows, OrganizationStore } from './organization-store.ts'
import { slugOf } from './slug.ts'

export interface BootstrapDependencies {
  store: Pick<OrganizationStore, 'isBootstrapped'>
  commit: Commit<{ organizations: Pick<OrganizationStore, 'bootstrap'>; audit: ChangeAudit }>
  /** A new organization's data key, wrapped by the root key. */
  createOrganizationKey: () => Buffer
  accessTokenIssuer: AccessTokenIssuer
  now: () => Date
}

export interface BootstrapRequest {
  /** Lower case. */
  email: string
  password: string
  organization: string
  /** Of the person. */
  name?: string
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
  const { store, commit, createOrganizationKey, accessTokenIssuer, now } = dependencies
  return async (request) => {
    const { email, password, organization: name } = request
    // Before the hash, which costs 20 ms and 19 MiB: anybody may call this for ever.
    if (await store.isBootstrapped()) throw alreadyBootstrapped()
    const problem = passwordProblem(password, { email, organization: name })
    if (problem !== undefined) throw invalidField('password', `The password ${problem}`)
    const rows: FirstRows = {
      organization: { id: randomUUID(), name, slug: slugOf(name), wrappedKey: createOrganizationKey() },
      user: {
        id: randomUUID(),
        email,
        name: request.name ?? '',
        passwordHash: await hashPassword(password),
      },
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
    await commit(async ({ organizations, audit }) => {
      if ((await organizations.bootstrap(rows)) === 'already-bootstrapped') throw alreadyBootstrapped()
      await audit.record(bootstrapEvent(rows, request, now()))
    })
    return { ...rows, accessToken }
  }
}

function bootstrapEvent(
  { organization: { id, name, slug }, user, identity }: FirstRows,
  { requestId, ipAddress }: BootstrapRequest,
  occurredAt: Date,
): AuditEvent {
  return {
    occurredAt,
    organizationId: id,
    requestId,
    event: 'instance-bootstrapped',
    outcome: 'success',
    actor: { kind: 'user', id: user.id },
    identityId: identity.id,
    ipAddress,
    details: { email: user.email, organization: name, slug },
  }
}

function alreadyBootstrapped(): ApiError {
  return new ApiError(
    'BadRequest',
    'This instance is already bootstrapped: use the token of its admin, or start with an empty database',
  )
}
