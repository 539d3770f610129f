import type {
  AttachKubernetesAuthRequest,
  UpdateKubernetesAuthRequest,
} from '@postern/api-contract/kubernetes-auth'
import type { ChangeRevocations } from '../access-tokens/change-revocations.ts'
import type { Revocations } from '../access-tokens/revocations.ts'
import { trustedIpTexts } from '../access-tokens/trusted-ips.ts'
import type { AuditEvent, JsonValue } from '../audit/audit-event.ts'
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
import { hasPermission, requirePermission } from '../permissions/require-permission.ts'
import type { PassedOver } from './check-pool.ts'
import type { CheckReviewer } from './check-reviewer.ts'
import { checkSettings } from './check-settings.ts'
import type { KubernetesAuth, KubernetesAuthSettings } from './kubernetes-auth.ts'
import { settingsToAttach, settingsToUpdate } from './kubernetes-auth-settings.ts'
import type { KubernetesAuthStore, SaveKubernetesAuthOutcome } from './kubernetes-auth-store.ts'

/** What one change writes to, all of it or none. */
export interface KubernetesAuthChangeScope {
  kubernetesAuths: Pick<KubernetesAuthStore, 'attach' | 'update' | 'detach'>
  revocations: ChangeRevocations
  audit: ChangeAudit
}

export interface ConfigureDependencies extends FindPermittedIdentityDependencies {
  store: Pick<KubernetesAuthStore, 'find'>
  commit: Commit<KubernetesAuthChangeScope>
  checkReviewer: CheckReviewer
  revocations: Revocations
  auditLog: AuditLog
  /** Runs after each committed change, before the reply: whatever remembers the configuration forgets it. */
  onChanged: (identityId: string) => void
  now: () => Date
}

/** Who asks, and from where. */
export interface ConfigureContext {
  actor: Actor
  requestId: string
  ipAddress: string
  identityId: string
}

export interface ReadKubernetesAuth {
  auth: KubernetesAuth
  /** Whoever may replace the reviewer JWT may see it. */
  maySeeSecrets: boolean
}

export interface SavedKubernetesAuth {
  auth: KubernetesAuth
  /** The members of its pool that could not be tried. */
  passedOver: readonly PassedOver[]
}

/** The four things that an operator does to an identity's Kubernetes Auth. They throw ApiErrors. */
export interface ConfigureKubernetesAuth {
  attach(context: ConfigureContext, body: AttachKubernetesAuthRequest): Promise<SavedKubernetesAuth>
  update(context: ConfigureContext, body: UpdateKubernetesAuthRequest): Promise<SavedKubernetesAuth>
  read(context: ConfigureContext): Promise<ReadKubernetesAuth>
  detach(context: ConfigureContext): Promise<KubernetesAuth>
}

export function createConfigureKubernetesAuth(dependencies: ConfigureDependencies): ConfigureKubernetesAuth {
  return {
    attach: (context, body) =>
      toldIfDenied(dependencies, context, 'kubernetes-auth-attached', () =>
        attach(dependencies, context, body),
      ),
    update: (context, body) =>
      toldIfDenied(dependencies, context, 'kubernetes-auth-updated', () =>
        update(dependencies, context, body),
      ),
    read: (context) => read(dependencies, context),
    detach: (context) =>
      toldIfDenied(dependencies, context, 'kubernetes-auth-detached', () => detach(dependencies, context)),
  }
}

type ChangeEvent = 'kubernetes-auth-attached' | 'kubernetes-auth-updated' | 'kubernetes-auth-detached'

function toldIfDenied<Result>(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
  event: ChangeEvent,
  change: () => Promise<Result>,
): Promise<Result> {
  return orTellDenied(dependencies, context, { event, details: { target: context.identityId } }, change)
}

async function attach(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
  body: AttachKubernetesAuthRequest,
): Promise<SavedKubernetesAuth> {
  const { store, commit, onChanged, now } = dependencies
  const identity = await findPermittedIdentity(dependencies, context, 'edit-auth')
  if ((await store.find(identity.id)) !== undefined) throw alreadyAttached()
  const settings = settingsToAttach(body)
  const passedOver = await acceptSettings(dependencies, context, settings)
  const attached = await commit(async ({ kubernetesAuths, audit }) => {
    const auth = savedOrThrow(await kubernetesAuths.attach(identity, settings))
    await audit.record(eventAbout(auth, 'kubernetes-auth-attached', context, now(), passedOver))
    return auth
  })
  onChanged(identity.id)
  return { auth: attached, passedOver }
}

async function update(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
  body: UpdateKubernetesAuthRequest,
): Promise<SavedKubernetesAuth> {
  const { store, commit, onChanged, now } = dependencies
  const identity = await findPermittedIdentity(dependencies, context, 'edit-auth')
  const current = await store.find(identity.id)
  if (current === undefined) throw new ApiError('BadRequest', 'The identity has no Kubernetes Auth to change')
  const settings = settingsToUpdate(current, body)
  const passedOver = await acceptSettings(dependencies, context, settings, current)
  const updated = await commit(async ({ kubernetesAuths, audit }) => {
    const auth = savedOrThrow(await kubernetesAuths.update(current, settings))
    await audit.record(eventAbout(auth, 'kubernetes-auth-updated', context, now(), passedOver))
    return auth
  })
  onChanged(identity.id)
  return { auth: updated, passedOver }
}

async function read(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
): Promise<ReadKubernetesAuth> {
  const identity = await findPermittedIdentity(dependencies, context, 'read')
  const auth = await dependencies.store.find(identity.id)
  if (auth === undefined) throw new ApiError('NotFound', 'The identity has no Kubernetes Auth')
  return { auth, maySeeSecrets: await mayEdit(dependencies, context) }
}

async function mayEdit(dependencies: ConfigureDependencies, context: ConfigureContext): Promise<boolean> {
  if (!hasPermission(context.actor, 'edit-auth', 'identities')) return false
  try {
    await findPermittedIdentity(dependencies, context, 'edit-auth')
    return true
  } catch (error) {
    if (error instanceof ApiError && error.code === 'PermissionDenied') return false
    throw error
  }
}

async function detach(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
): Promise<KubernetesAuth> {
  const { commit, revocations, onChanged, now } = dependencies
  const { id: identityId, organizationId } = await findPermittedIdentity(dependencies, context, 'edit-auth')
  const target = { scope: 'auth-method' as const, identityId, authMethod: 'kubernetes-auth' as const }
  const detached = await commit(async (within) => {
    const auth = await within.kubernetesAuths.detach(identityId)
    if (auth === undefined) throw new ApiError('BadRequest', 'The identity has no Kubernetes Auth to remove')
    await within.revocations.mark(target)
    await within.audit.record(eventAbout(auth, 'kubernetes-auth-detached', context, now()))
    return auth
  })
  // In this order: no login that begins after the revocation finds the configuration.
  onChanged(identityId)
  await revocations.revoke({ ...target, organizationId })
  return detached
}

async function acceptSettings(
  { checkReviewer }: ConfigureDependencies,
  { actor }: ConfigureContext,
  settings: KubernetesAuthSettings,
  current?: KubernetesAuth,
): Promise<readonly PassedOver[]> {
  checkSettings(settings)
  const { gatewayId, gatewayPoolId } = settings
  // What somebody else attached stays usable for whoever may change the rest.
  if (gatewayId !== null && gatewayId !== current?.gatewayId) requirePermission(actor, 'attach', 'gateways')
  if (gatewayPoolId !== null && gatewayPoolId !== current?.gatewayPoolId)
    requirePermission(actor, 'attach', 'gateway-pools')
  return checkReviewer({ ...settings, organizationId: actor.organizationId })
}

function eventAbout(
  auth: KubernetesAuth,
  event: ChangeEvent,
  { actor, requestId, ipAddress }: ConfigureContext,
  occurredAt: Date,
  passedOver: readonly PassedOver[] = [],
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
    details: { ...auditDetailsOf(auth), ...(passedOver.length > 0 && { passedOver: auditedOf(passedOver) }) },
  }
}

function savedOrThrow(outcome: SaveKubernetesAuthOutcome): KubernetesAuth {
  if (outcome.kind === 'saved') return outcome.auth
  if (outcome.kind === 'already-attached') throw alreadyAttached()
  if (outcome.kind === 'reference-gone') {
    throw new ApiError('NotFound', 'The identity, the gateway or the pool was deleted meanwhile')
  }
  throw new ApiError(
    'BadRequest',
    'Somebody else changed the Kubernetes Auth meanwhile: read it and try again',
  )
}

function alreadyAttached(): ApiError {
  return new ApiError('BadRequest', 'The identity has a Kubernetes Auth already: change it instead')
}

const auditTextLengthMax = 512
const auditedMembersMax = 20

/** As many as a row should hold; `count` is of all. */
function auditedOf(passedOver: readonly PassedOver[]): JsonValue {
  const members = passedOver
    .slice(0, auditedMembersMax)
    .map(({ gatewayId, gatewayName, reason }) => ({ gatewayId, gatewayName, reason }))
  return { count: passedOver.length, members }
}

function auditDetailsOf(auth: KubernetesAuth): Record<string, JsonValue> {
  return {
    tokenReviewMode: auth.tokenReviewMode,
    kubernetesHost: auth.kubernetesHost,
    gatewayId: auth.gatewayId,
    gatewayPoolId: auth.gatewayPoolId,
    verifyTlsCertificate: auth.verifyTlsCertificate,
    hasCaCert: auth.caCert !== '',
    hasTokenReviewerJwt: auth.tokenReviewerJwt !== null,
    allowedNamespaces: auth.allowedNamespaces.slice(0, auditTextLengthMax),
    allowedNames: auth.allowedNames.slice(0, auditTextLengthMax),
    allowedAudience: auth.allowedAudience,
    accessTokenTtlSeconds: auth.accessToken.ttlSeconds,
    accessTokenMaxTtlSeconds: auth.accessToken.maxTtlSeconds,
    accessTokenNumUsesLimit: auth.accessToken.numUsesLimit,
    accessTokenTrustedIps: trustedIpTexts(auth.accessToken.trustedIps),
  }
}
