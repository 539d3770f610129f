import type {
  AttachUniversalAuthRequest,
  UpdateUniversalAuthRequest,
} from '@postern/api-contract/universal-auth'
import type { ChangeRevocations } from '../access-tokens/change-revocations.ts'
import type { Revocations } from '../access-tokens/revocations.ts'
import { trustedIpTexts } from '../access-tokens/trusted-ips.ts'
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
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import type { UniversalAuth } from './universal-auth.ts'
import { settingsToAttach, settingsToUpdate } from './universal-auth-settings.ts'
import type { CreateUniversalAuthOutcome, UniversalAuthStore } from './universal-auth-store.ts'

/** Who asks, from where, and about which identity. */
export interface UniversalAuthContext {
  actor: Actor
  requestId: string
  ipAddress: string
  identityId: string
}

/** What one change writes to, all of it or none. */
export interface UniversalAuthChangeScope {
  universalAuths: Pick<UniversalAuthStore, 'create' | 'findToChange' | 'update' | 'remove'>
  revocations: ChangeRevocations
  audit: ChangeAudit
}

export interface ConfigureUniversalAuthDependencies extends FindPermittedIdentityDependencies {
  store: Pick<UniversalAuthStore, 'find'>
  commit: Commit<UniversalAuthChangeScope>
  revocations: Revocations
  auditLog: AuditLog
  /** Runs after each committed change, before the reply: whatever remembers the settings forgets them. */
  onChanged: (identityId: string) => void
  now: () => Date
}

/** The four things that an operator does to an identity's Universal Auth. They throw ApiErrors. */
export interface ConfigureUniversalAuth {
  attach(context: UniversalAuthContext, body: AttachUniversalAuthRequest): Promise<UniversalAuth>
  update(context: UniversalAuthContext, body: UpdateUniversalAuthRequest): Promise<UniversalAuth>
  read(context: UniversalAuthContext): Promise<UniversalAuth>
  detach(context: UniversalAuthContext): Promise<UniversalAuth>
}

type ChangeEvent = 'universal-auth-attached' | 'universal-auth-updated' | 'universal-auth-detached'

export function createConfigureUniversalAuth(
  dependencies: ConfigureUniversalAuthDependencies,
): ConfigureUniversalAuth {
  const toldIfDenied = (
    context: UniversalAuthContext,
    event: ChangeEvent,
    change: () => Promise<UniversalAuth>,
  ): Promise<UniversalAuth> =>
    orTellDenied(dependencies, context, { event, details: { target: context.identityId } }, change)
  return {
    attach: (context, body) =>
      toldIfDenied(context, 'universal-auth-attached', () => attach(dependencies, context, body)),
    update: (context, body) =>
      toldIfDenied(context, 'universal-auth-updated', () => update(dependencies, context, body)),
    read: (context) => read(dependencies, context),
    detach: (context) =>
      toldIfDenied(context, 'universal-auth-detached', () => detach(dependencies, context)),
  }
}

async function attach(
  dependencies: ConfigureUniversalAuthDependencies,
  context: UniversalAuthContext,
  body: AttachUniversalAuthRequest,
): Promise<UniversalAuth> {
  const { commit, onChanged, now } = dependencies
  const { id: identityId, organizationId } = await findPermittedIdentity(dependencies, context, 'edit-auth')
  const settings = settingsToAttach(body)
  const attached = await commit(async ({ universalAuths, audit }) => {
    const current = await universalAuths.findToChange(identityId)
    // What came with the identity is nothing that the caller knows of: to them it is not attached yet.
    const auth =
      current?.cameWithIdentity === true
        ? await universalAuths.update(current.id, settings)
        : createdOrThrow(await universalAuths.create({ identityId, organizationId, settings }))
    await audit.record(eventAbout(auth, 'universal-auth-attached', context, now()))
    return auth
  })
  onChanged(identityId)
  return attached
}

async function update(
  dependencies: ConfigureUniversalAuthDependencies,
  context: UniversalAuthContext,
  body: UpdateUniversalAuthRequest,
): Promise<UniversalAuth> {
  const { commit, onChanged, now } = dependencies
  const { id: identityId } = await findPermittedIdentity(dependencies, context, 'edit-auth')
  const updated = await commit(async ({ universalAuths, audit }) => {
    const current = await universalAuths.findToChange(identityId)
    if (current === undefined)
      throw new ApiError('BadRequest', 'The identity has no Universal Auth to change')
    const auth = await universalAuths.update(current.id, settingsToUpdate(current, body))
    await audit.record(eventAbout(auth, 'universal-auth-updated', context, now()))
    return auth
  })
  onChanged(identityId)
  return updated
}

async function read(
  dependencies: ConfigureUniversalAuthDependencies,
  context: UniversalAuthContext,
): Promise<UniversalAuth> {
  const identity = await findPermittedIdentity(dependencies, context, 'read')
  const auth = await dependencies.store.find(identity.id)
  if (auth === undefined) throw new ApiError('NotFound', 'The identity has no Universal Auth')
  return auth
}

async function detach(
  dependencies: ConfigureUniversalAuthDependencies,
  context: UniversalAuthContext,
): Promise<UniversalAuth> {
  const { commit, revocations, onChanged, now } = dependencies
  const { id: identityId, organizationId } = await findPermittedIdentity(dependencies, context, 'edit-auth')
  const target = { scope: 'auth-method' as const, identityId, authMethod: 'universal-auth' as const }
  const detached = await commit(async (within) => {
    const auth = await within.universalAuths.remove(identityId)
    if (auth === undefined) throw new ApiError('BadRequest', 'The identity has no Universal Auth to remove')
    await within.revocations.mark(target)
    await within.audit.record(eventAbout(auth, 'universal-auth-detached', context, now()))
    return auth
  })
  // In this order: no login that begins after the revocation finds the client id.
  onChanged(identityId)
  await revocations.revoke({ ...target, organizationId })
  return detached
}

function createdOrThrow(outcome: CreateUniversalAuthOutcome): UniversalAuth {
  if (outcome.kind === 'created') return outcome.auth
  if (outcome.kind === 'already-attached') {
    throw new ApiError('BadRequest', 'The identity has a Universal Auth already: change it instead')
  }
  throw new ApiError('NotFound', 'The identity was deleted meanwhile')
}

function eventAbout(
  auth: UniversalAuth,
  event: ChangeEvent,
  { actor, requestId, ipAddress }: UniversalAuthContext,
  occurredAt: Date,
): AuditEvent {
  const { accessToken, lockout } = auth
  return {
    occurredAt,
    organizationId: auth.organizationId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    identityId: auth.identityId,
    ipAddress,
    details: {
      clientId: auth.clientId,
      clientSecretTrustedIps: trustedIpTexts(auth.clientSecretTrustedIps),
      accessTokenTtlSeconds: accessToken.ttlSeconds,
      accessTokenMaxTtlSeconds: accessToken.maxTtlSeconds,
      accessTokenPeriodSeconds: accessToken.periodSeconds,
      accessTokenNumUsesLimit: accessToken.numUsesLimit,
      accessTokenTrustedIps: trustedIpTexts(accessToken.trustedIps),
      lockout: { ...lockout },
    },
  }
}
