import type { GatewayAuthMethodRequest } from '@postern/api-contract/gateways'
import type { JsonValue } from '../audit/audit-event.ts'
import { ApiError } from '../http/api-error.ts'
import { requirePermission } from '../permissions/require-permission.ts'
import type { Actor } from '../permissions/actor.ts'
import { settingsOf } from './gateway-auth-method.ts'
import type { GatewayKubernetesSettings } from './gateway-kubernetes-auth.ts'
import type { GatewayKubernetesAuthStore, GatewayPlace } from './gateway-kubernetes-auth-store.ts'
import type { PodJudge } from './pod-judge.ts'

export interface AuthMethodDependencies {
  gatewayAuths: Pick<GatewayKubernetesAuthStore, 'find'>
  podJudge: Pick<PodJudge, 'checkSettings' | 'checkReviewer'>
  /** Of the control plane's URL. */
  controlPlaneOrigin: string
}

export type CheckedAuthMethod =
  | { method: 'token' }
  | { method: 'kubernetes'; settings: GatewayKubernetesSettings }

/** Everything that can be refused before anything is written, the reviewer's own right included. Throws ApiError. */
export async function checkAuthMethod(
  { gatewayAuths, podJudge, controlPlaneOrigin }: AuthMethodDependencies,
  actor: Actor,
  request: GatewayAuthMethodRequest,
  gatewayId: string | undefined,
): Promise<CheckedAuthMethod> {
  if (request.method === 'token') return { method: 'token' }
  const current = gatewayId === undefined ? undefined : await gatewayAuths.find(gatewayId)
  const settings = settingsOf({ request, gatewayId, current, controlPlaneOrigin })
  if (settings === undefined) return { method: 'token' }
  podJudge.checkSettings(settings)
  if (settings.reviewerGatewayId !== null) requirePermission(actor, 'attach', 'gateways')
  await podJudge.checkReviewer({ ...settings, organizationId: actor.organizationId })
  return { method: 'kubernetes', settings }
}

/** @returns the keys that are retired by it */
export async function saveAuthMethod(
  gatewayAuths: Pick<GatewayKubernetesAuthStore, 'save' | 'remove'>,
  place: GatewayPlace,
  wanted: CheckedAuthMethod,
  at: Date,
): Promise<string[]> {
  if (wanted.method === 'token') return (await gatewayAuths.remove(place, at)).retiredKeyIds
  const outcome = await gatewayAuths.save(place, wanted.settings, at)
  switch (outcome.kind) {
    case 'saved':
      return outcome.retiredKeyIds
    case 'cycle':
      throw new ApiError(
        'BadRequest',
        'The gateway that is to vouch for this one is itself vouched for by it, directly or through others: choose another',
      )
    case 'reviewer-gone':
      throw new ApiError('NotFound', 'There is no gateway with the id that is to vouch')
    case 'not-found':
    default:
      throw new ApiError('NotFound', 'There is no such gateway')
  }
}

const auditTextLengthMax = 512

export function auditDetailsOf(wanted: CheckedAuthMethod): Record<string, JsonValue> {
  if (wanted.method === 'token') return { method: 'token' }
  const { settings } = wanted
  return {
    method: 'kubernetes',
    tokenReviewMode: settings.tokenReviewMode,
    reviewerGatewayId: settings.reviewerGatewayId,
    kubernetesHost: settings.kubernetesHost,
    hasCaCert: settings.caCert !== '',
    verifyTlsCertificate: settings.verifyTlsCertificate,
    allowedNamespaces: settings.allowedNamespaces.slice(0, auditTextLengthMax),
    allowedNames: settings.allowedNames.slice(0, auditTextLengthMax),
    allowedAudience: settings.allowedAudience,
  }
}
