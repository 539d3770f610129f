import type {
  AttachKubernetesAuthRequest,
  UpdateKubernetesAuthRequest,
} from '@postern/api-contract/kubernetes-auth'
import type { Revocations } from '../access-tokens/revocations.ts'
import type { JsonValue } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { ApiError } from '../http/api-error.ts'
import type { IdentityReader } from '../identities/identity-cache.ts'
import type { Actor } from '../permissions/actor.ts'
import { type Action, requirePermission, requireRoleWithin } from '../permissions/require-permission.ts'
import type { CheckReviewer } from './check-reviewer.ts'
import { checkSettings } from './check-settings.ts'
import type { KubernetesAuth, KubernetesAuthSettings } from './kubernetes-auth.ts'
import { settingsToAttach, settingsToUpdate } from './kubernetes-auth-settings.ts'
import type { KubernetesAuthStore, SaveKubernetesAuthOutcome } from './kubernetes-auth-store.ts'

export interface ConfigureDependencies {
  identities: IdentityReader
  store: KubernetesAuthStore
  checkReviewer: CheckReviewer
  revocations: Revocations
  auditLog: AuditLog
  /** Runs after each committed change, before the reply: whatever remembers the configuration forgets it. */
  onChanged: (identityId: string) => void
}

/** Who asks, and from where. */
export interface ConfigureContext {
  actor: Actor
  requestId: string
  ipAddress: string
  identityId: string
}

/** The four things that an operator does to an identity's Kubernetes Auth. They throw ApiErrors. */
export interface ConfigureKubernetesAuth {
  attach(context: ConfigureContext, body: AttachKubernetesAuthRequest): Promise<KubernetesAuth>
  update(context: ConfigureContext, body: UpdateKubernetesAuthRequest): Promise<KubernetesAuth>
  read(context: ConfigureContext): Promise<KubernetesAuth>
  detach(context: ConfigureContext): Promise<KubernetesAuth>
}

export function createConfigureKubernetesAuth(dependencies: ConfigureDependencies): ConfigureKubernetesAuth {
  return {
    attach: (context, body) => attach(dependencies, context, body),
    update: (context, body) => update(dependencies, context, body),
    read: (context) => read(dependencies, context),
    detach: (context) => detach(dependencies, context),
  }
}

async function attach(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
  body: AttachKubernetesAuthRequest,
): Promise<KubernetesAuth> {
  const { store, onChanged } = dependencies
  const identity = await findPermitted(dependencies, context, 'edit-auth')
  if ((await store.find(identity.id)) !== undefined) throw alreadyAttached()
  const settings = settingsToAttach(body)
  await acceptSettings(dependencies, context, settings)
  const auth = savedOrThrow(await store.attach(identity, settings))
  onChanged(identity.id)
  await record(dependencies, context, 'kubernetes-auth-attached', auth)
  return auth
}

async function update(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
  body: UpdateKubernetesAuthRequest,
): Promise<KubernetesAuth> {
  const { store, onChanged } = dependencies
  const identity = await findPermitted(dependencies, context, 'edit-auth')
  const current = await store.find(identity.id)
  if (current === undefined) throw new ApiError('BadRequest', 'The identity has no Kubernetes Auth to change')
  const settings = settingsToUpdate(current, body)
  await acceptSettings(dependencies, context, settings)
  const auth = savedOrThrow(await store.update(current, settings))
  onChanged(identity.id)
  await record(dependencies, context, 'kubernetes-auth-updated', auth)
  return auth
}

async function read(dependencies: ConfigureDependencies, context: ConfigureContext): Promise<KubernetesAuth> {
  const identity = await findPermitted(dependencies, context, 'read')
  const auth = await dependencies.store.find(identity.id)
  if (auth === undefined) throw new ApiError('NotFound', 'The identity has no Kubernetes Auth')
  return auth
}

async function detach(
  dependencies: ConfigureDependencies,
  context: ConfigureContext,
): Promise<KubernetesAuth> {
  const { store, revocations, onChanged } = dependencies
  const identity = await findPermitted(dependencies, context, 'edit-auth')
  const auth = await store.detach(identity.id)
  if (auth === undefined) throw new ApiError('BadRequest', 'The identity has no Kubernetes Auth to remove')
  // In this order: no login that begins after the revocation finds the configuration.
  onChanged(identity.id)
  await revocations.revoke({
    scope: 'auth-method',
    organizationId: identity.organizationId,
    identityId: identity.id,
    authMethod: 'kubernetes-auth',
  })
  await record(dependencies, context, 'kubernetes-auth-detached', auth)
  return auth
}

/** T18: an identity of another organization does not exist. */
async function findPermitted(
  { identities }: ConfigureDependencies,
  { actor, identityId }: ConfigureContext,
  action: Action,
): Promise<{ id: string; organizationId: string }> {
  requirePermission(actor, action, 'identities')
  const identity = await identities.findIdentity(identityId)
  if (identity === undefined || identity.organizationId !== actor.organizationId) {
    throw new ApiError('NotFound', `There is no identity ${identityId}`)
  }
  if (action !== 'read') requireRoleWithin(actor, identity.role)
  return identity
}

async function acceptSettings(
  { checkReviewer }: ConfigureDependencies,
  { actor }: ConfigureContext,
  settings: KubernetesAuthSettings,
): Promise<void> {
  checkSettings(settings)
  if (settings.gatewayId !== null) requirePermission(actor, 'attach', 'gateways')
  await checkReviewer({ ...settings, organizationId: actor.organizationId })
}

async function record(
  { auditLog }: ConfigureDependencies,
  context: ConfigureContext,
  event: 'kubernetes-auth-attached' | 'kubernetes-auth-updated' | 'kubernetes-auth-detached',
  auth: KubernetesAuth,
): Promise<void> {
  await auditLog.record({
    occurredAt: new Date(),
    organizationId: auth.organizationId,
    requestId: context.requestId,
    event,
    outcome: 'success',
    actor: { kind: 'identity', id: context.actor.identityId },
    identityId: auth.identityId,
    ipAddress: context.ipAddress,
    details: auditDetailsOf(auth),
  })
}

function savedOrThrow(outcome: SaveKubernetesAuthOutcome): KubernetesAuth {
  if (outcome.kind === 'saved') return outcome.auth
  if (outcome.kind === 'already-attached') throw alreadyAttached()
  if (outcome.kind === 'reference-gone') {
    throw new ApiError('NotFound', 'The identity or the gateway was deleted meanwhile')
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

function auditDetailsOf(auth: KubernetesAuth): Record<string, JsonValue> {
  return {
    tokenReviewMode: auth.tokenReviewMode,
    kubernetesHost: auth.kubernetesHost,
    gatewayId: auth.gatewayId,
    verifyTlsCertificate: auth.verifyTlsCertificate,
    hasCaCert: auth.caCert !== '',
    hasTokenReviewerJwt: auth.tokenReviewerJwt !== null,
    allowedNamespaces: auth.allowedNamespaces.slice(0, auditTextLengthMax),
    allowedNames: auth.allowedNames.slice(0, auditTextLengthMax),
    allowedAudience: auth.allowedAudience,
    accessTokenTtlSeconds: auth.accessToken.ttlSeconds,
    accessTokenMaxTtlSeconds: auth.accessToken.maxTtlSeconds,
    accessTokenNumUsesLimit: auth.accessToken.numUsesLimit,
    accessTokenTrustedIps: auth.accessToken.trustedIps.map(({ ipAddress, prefix }) =>
      prefix === undefined ? ipAddress : `${ipAddress}/${prefix}`,
    ),
  }
}
