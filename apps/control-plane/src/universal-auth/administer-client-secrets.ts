import type { CreateClientSecretRequest } from '@postern/api-contract/universal-auth'
import type { ChangeRevocations } from '../access-tokens/change-revocations.ts'
import type { Revocations } from '../access-tokens/revocations.ts'
import type { AuditEvent } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import {
  findPermittedIdentity,
  type FindPermittedIdentityDependencies,
} from '../identities/find-permitted-identity.ts'
import { auditActorOf } from '../permissions/actor.ts'
import { type ClientSecret, createClientSecret } from './client-secret.ts'
import type { ClientSecretStore } from './client-secret-store.ts'
import type { UniversalAuthContext } from './configure-universal-auth.ts'
import type { LockoutStore } from './lockout-store.ts'
import type { UniversalAuth } from './universal-auth.ts'
import type { UniversalAuthStore } from './universal-auth-store.ts'

/** What one change writes to, all of it or none. */
export interface ClientSecretChangeScope {
  universalAuths: Pick<UniversalAuthStore, 'findToChange'>
  clientSecrets: Pick<ClientSecretStore, 'create' | 'list' | 'find' | 'revoke'>
  lockouts: Pick<LockoutStore, 'clear'>
  revocations: ChangeRevocations
  audit: ChangeAudit
}

export interface AdministerClientSecretsDependencies extends FindPermittedIdentityDependencies {
  universalAuths: Pick<UniversalAuthStore, 'find'>
  clientSecrets: Pick<ClientSecretStore, 'list' | 'find'>
  commit: Commit<ClientSecretChangeScope>
  revocations: Revocations
  auditLog: AuditLog
  now: () => Date
}

/** What an operator does with the secrets of a client id. They throw ApiErrors. */
export interface AdministerClientSecrets {
  create(
    context: UniversalAuthContext,
    body: CreateClientSecretRequest,
  ): Promise<{ clientSecret: string; data: ClientSecret }>
  list(context: UniversalAuthContext): Promise<ClientSecret[]>
  read(context: UniversalAuthContext, clientSecretId: string): Promise<ClientSecret>
  /** May be repeated. */
  revoke(context: UniversalAuthContext, clientSecretId: string): Promise<ClientSecret>
  /** How many sources were locked out. */
  clearLockouts(context: UniversalAuthContext): Promise<number>
}

/** Their list is one reply. */
const clientSecretsMax = 500

export function createAdministerClientSecrets(
  dependencies: AdministerClientSecretsDependencies,
): AdministerClientSecrets {
  return {
    create: (context, body) =>
      orTellDenied(dependencies, context, attemptOf('client-secret-created', context), () =>
        create(dependencies, context, body),
      ),
    list: async (context) => {
      const { id } = await findUniversalAuth(dependencies, context)
      return dependencies.clientSecrets.list(id)
    },
    read: async (context, clientSecretId) => {
      const { id } = await findUniversalAuth(dependencies, context)
      return secretOrThrow(await dependencies.clientSecrets.find(id, clientSecretId))
    },
    revoke: (context, clientSecretId) =>
      orTellDenied(dependencies, context, attemptOf('client-secret-revoked', context), () =>
        revoke(dependencies, context, clientSecretId),
      ),
    clearLockouts: (context) =>
      orTellDenied(dependencies, context, attemptOf('lockouts-cleared', context), () =>
        clearLockouts(dependencies, context),
      ),
  }
}

type ChangeEvent = 'client-secret-created' | 'client-secret-revoked' | 'lockouts-cleared'

function attemptOf(event: ChangeEvent, { identityId }: UniversalAuthContext) {
  return { event, details: { target: identityId } }
}

async function create(
  dependencies: AdministerClientSecretsDependencies,
  context: UniversalAuthContext,
  { description, numUsesLimit, ttl: ttlSeconds }: CreateClientSecretRequest,
): Promise<{ clientSecret: string; data: ClientSecret }> {
  const identity = await findPermittedIdentity(dependencies, context, 'edit-auth')
  const { clientSecret, prefix, hash } = createClientSecret()
  const data = await dependencies.commit(async ({ universalAuths, clientSecrets, audit }) => {
    const auth = attachedOrThrow(await universalAuths.findToChange(identity.id))
    if ((await clientSecrets.list(auth.id)).length >= clientSecretsMax) {
      throw new ApiError(
        'BadRequest',
        `The identity has ${clientSecretsMax} client secrets: revoke those that are not in use`,
      )
    }
    const secret = { universalAuthId: auth.id, prefix, hash, description, numUsesLimit, ttlSeconds }
    const created = await clientSecrets.create(secret)
    const details = { clientSecretId: created.id, description, numUsesLimit, ttlSeconds }
    await audit.record(eventAbout(auth, 'client-secret-created', context, dependencies.now(), details))
    return created
  })
  return { clientSecret, data }
}

async function revoke(
  dependencies: AdministerClientSecretsDependencies,
  context: UniversalAuthContext,
  clientSecretId: string,
): Promise<ClientSecret> {
  const { id: identityId, organizationId } = await findPermittedIdentity(dependencies, context, 'revoke')
  const target = { scope: 'client-secret' as const, clientSecretId }
  const revoked = await dependencies.commit(async (within) => {
    const auth = attachedOrThrow(await within.universalAuths.findToChange(identityId))
    const secret = await within.clientSecrets.revoke(auth.id, clientSecretId)
    if (secret === undefined) return secretOrThrow(await within.clientSecrets.find(auth.id, clientSecretId))
    await within.revocations.mark(target)
    const { description } = secret
    const details = { clientSecretId, description }
    await within.audit.record(eventAbout(auth, 'client-secret-revoked', context, dependencies.now(), details))
    return secret
  })
  await dependencies.revocations.revoke({ ...target, identityId, organizationId })
  return revoked
}

async function clearLockouts(
  dependencies: AdministerClientSecretsDependencies,
  context: UniversalAuthContext,
): Promise<number> {
  const identity = await findPermittedIdentity(dependencies, context, 'edit-auth')
  return dependencies.commit(async ({ universalAuths, lockouts, audit }) => {
    const auth = attachedOrThrow(await universalAuths.findToChange(identity.id))
    const deleted = await lockouts.clear(auth.id)
    await audit.record(eventAbout(auth, 'lockouts-cleared', context, dependencies.now(), { deleted }))
    return deleted
  })
}

async function findUniversalAuth(
  dependencies: AdministerClientSecretsDependencies,
  context: UniversalAuthContext,
): Promise<UniversalAuth> {
  const identity = await findPermittedIdentity(dependencies, context, 'read')
  return attachedOrThrow(await dependencies.universalAuths.find(identity.id))
}

function attachedOrThrow(auth: UniversalAuth | undefined): UniversalAuth {
  if (auth === undefined) throw new ApiError('NotFound', 'The identity has no Universal Auth')
  return auth
}

function secretOrThrow(secret: ClientSecret | undefined): ClientSecret {
  if (secret === undefined) throw new ApiError('NotFound', 'The identity has no such client secret')
  return secret
}

function eventAbout(
  auth: UniversalAuth,
  event: ChangeEvent,
  { actor, requestId, ipAddress }: UniversalAuthContext,
  occurredAt: Date,
  details: AuditEvent['details'],
): AuditEvent {
  return {
    occurredAt,
    organizationId: auth.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    identityId: auth.identityId,
    ipAddress,
    details,
  }
}
