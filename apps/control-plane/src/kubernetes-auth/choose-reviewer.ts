import type { GatewayTarget } from '../gateways/gateway-target.ts'
import type { TokenReviewer } from '../login/token-reviewer.ts'
import type { AskApiServer } from './ask-api-server.ts'
import { createDirectReviewer } from './direct-review.ts'
import type { KubernetesAuthSettings } from './kubernetes-auth.ts'
import type { ConnectionTarget } from './kubernetes-connections.ts'
import { parseKubernetesHost } from './kubernetes-host.ts'

export type ReviewerSettings = Pick<
  KubernetesAuthSettings,
  | 'tokenReviewMode'
  | 'kubernetesHost'
  | 'caCert'
  | 'verifyTlsCertificate'
  | 'tokenReviewerJwt'
  | 'gatewayId'
  | 'gatewayPoolId'
> & { organizationId: string }

/** The reviewer that a configuration asks for. Never another one in its place: no gateway means no review. */
export type ChooseReviewer = (settings: ReviewerSettings) => TokenReviewer

export interface ChooseReviewerDependencies {
  ask: AskApiServer
  /** The tunnels'. A gateway or a pool of another organization is unavailable. */
  gatewayReviewer: (target: GatewayTarget, organizationId: string) => TokenReviewer
}

export function createChooseReviewer({ ask, gatewayReviewer }: ChooseReviewerDependencies): ChooseReviewer {
  return (settings) => {
    if (settings.tokenReviewMode === 'gateway') {
      const target = gatewayTargetOf(settings)
      if (target === undefined) throw new Error('Kubernetes Auth in mode gateway without a gateway or a pool')
      return gatewayReviewer(target, settings.organizationId)
    }
    return createDirectReviewer(ask, {
      target: connectionTargetOf(settings),
      reviewerJwt: settings.tokenReviewerJwt ?? undefined,
    })
  }
}

/** What the settings name to reach the cluster; undefined: the control plane dials it itself. */
export function gatewayTargetOf({
  gatewayId,
  gatewayPoolId,
}: Pick<KubernetesAuthSettings, 'gatewayId' | 'gatewayPoolId'>): GatewayTarget | undefined {
  if (gatewayPoolId !== null) return { kind: 'pool', gatewayPoolId }
  return gatewayId === null ? undefined : { kind: 'gateway', gatewayId }
}

/** Throws for settings that could not have been saved. */
export function connectionTargetOf(settings: ReviewerSettings): ConnectionTarget {
  const parsed = parseKubernetesHost(settings.kubernetesHost ?? '')
  if (!parsed.ok) throw new Error(`Kubernetes Auth with a host that ${parsed.problem}`)
  const target = gatewayTargetOf(settings)
  return {
    host: parsed.host,
    caCert: settings.caCert === '' ? undefined : settings.caCert,
    verifyTls: settings.verifyTlsCertificate,
    via: target && { target, organizationId: settings.organizationId },
  }
}
