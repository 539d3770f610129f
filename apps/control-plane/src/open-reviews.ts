import type { Clock } from './access-tokens/database-clock.ts'
import type { GatewayTarget } from './gateways/gateway-target.ts'
import type { GatewayStore } from './gateways/gateway-store.ts'
import { createAskApiServer } from './kubernetes-auth/ask-api-server.ts'
import { type CheckReviewerDependencies, createCheckReviewer } from './kubernetes-auth/check-reviewer.ts'
import { createChooseReviewer } from './kubernetes-auth/choose-reviewer.ts'
import { createKubernetesAuthCache } from './kubernetes-auth/kubernetes-auth-cache.ts'
import type { KubernetesAuthStore } from './kubernetes-auth/kubernetes-auth-store.ts'
import type { OpenStream } from './kubernetes-auth/connect-through-gateway.ts'
import { KubernetesConnections } from './kubernetes-auth/kubernetes-connections.ts'
import { createResolveBySystem } from './kubernetes-auth/resolve-by-system.ts'
import type { TokenReviewer } from './login/token-reviewer.ts'

export interface ReviewsOptions {
  config: { allowInternalKubernetesHosts: boolean }
  kubernetesAuths: KubernetesAuthStore
  gateways: Pick<GatewayStore, 'findGateway'>
  findPool: CheckReviewerDependencies['findPool']
  /** The tunnels'. */
  gatewayReviewer: (target: GatewayTarget, organizationId: string) => TokenReviewer
  /** Raw streams through gateways. */
  openStream: OpenStream
  /** That of the access tokens. */
  clock: Clock
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
}

/** Kubernetes Auths ready for logins, and what tries a reviewer before it is saved. */
export function openReviews(options: ReviewsOptions) {
  const { config, kubernetesAuths, gateways, findPool, gatewayReviewer, openStream, elapsed } = options
  const rules = { allowInternal: config.allowInternalKubernetesHosts }
  const connections = new KubernetesConnections({
    rules,
    resolve: createResolveBySystem(),
    openStream,
    nowMs: elapsed,
  })
  const ask = createAskApiServer({ connections, rules, nowMs: elapsed })
  const chooseReviewer = createChooseReviewer({ ask, gatewayReviewer })
  return {
    chooseReviewer,
    kubernetesAuths: createKubernetesAuthCache({
      store: kubernetesAuths,
      chooseReviewer,
      clock: options.clock,
      nowMs: elapsed,
    }),
    checkReviewer: createCheckReviewer({
      ask,
      chooseReviewer,
      findGateway: (gatewayId, organizationId) => gateways.findGateway(gatewayId, organizationId),
      findPool,
      nowMs: elapsed,
    }),
    close: () => connections.close(),
  }
}
