import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit/audit-log.ts'
import type { ChangeAudit } from './audit/change-audit.ts'
import type { Commit } from './database/commit.ts'
import { createGatewayAdministration } from './gateways/administer-gateways.ts'
import { createEnrolGateway } from './gateways/enrol-gateway.ts'
import type { GatewayCredentialStore } from './gateways/gateway-credential-store.ts'
import type { GatewayKeyStore } from './gateways/gateway-key-store.ts'
import type { GatewayKubernetesSettings } from './gateways/gateway-kubernetes-auth.ts'
import type { GatewayKubernetesAuthStore } from './gateways/gateway-kubernetes-auth-store.ts'
import type { GatewayStore } from './gateways/gateway-store.ts'
import type { LiveTunnels } from './gateways/live-tunnels.ts'
import { createLoginGateway } from './gateways/login-gateway.ts'
import type { PodDenial, PodJudge, ReviewedSettings } from './gateways/pod-judge.ts'
import { ValidationFailure } from './http/validation-failure.ts'
import type { CheckReviewer } from './kubernetes-auth/check-reviewer.ts'
import { checkSettings } from './kubernetes-auth/check-settings.ts'
import type { ChooseReviewer } from './kubernetes-auth/choose-reviewer.ts'
import type { KubernetesAuthSettings } from './kubernetes-auth/kubernetes-auth.ts'
import { warningsOf } from './kubernetes-auth/settings-warnings.ts'
import { FailedLoginLimits } from './login/failed-login-limits.ts'
import { failureKey } from './login/failure-key.ts'
import { createJudgePod } from './login/judge-pod.ts'
import { readLiveToken } from './login/live-token.ts'
import { answerOf, isBeforeReview, type LoginDenial, outcomeOf } from './login/login-denial.ts'
import { paceRefusal } from './login/pace-refusal.ts'

export interface GatewayCredentialsOptions {
  config: { publicUrl: string; failedLoginsPerMinutePerIdentity: number }
  commit: Commit<{
    gateways: GatewayStore
    gatewayCredentials: GatewayCredentialStore
    gatewayKeys: GatewayKeyStore
    gatewayAuths: GatewayKubernetesAuthStore
    audit: ChangeAudit
  }>
  auditLog: AuditLog
  gateways: Pick<GatewayStore, 'findGateway' | 'findOrganizationOf'>
  gatewayAuths: Pick<GatewayKubernetesAuthStore, 'find'>
  tunnels: Pick<LiveTunnels, 'closeTunnelsOf'>
  /** Those of identities' Kubernetes Auths. */
  reviews: { chooseReviewer: ChooseReviewer; checkReviewer: CheckReviewer }
  /** The organization has a gateway less, and its pools may be without a member. */
  onDeleted: (organizationId: string) => void
  now: () => Date
  elapsed: () => number
}

/** What operators do to gateways, and how gateways come by their keys. */
export function openGatewayCredentials(options: GatewayCredentialsOptions) {
  const { config, reviews, now, elapsed } = options
  const podJudge = createPodJudge(reviews, now)
  const controlPlaneOrigin = new URL(config.publicUrl).origin
  const limits = new FailedLoginLimits({
    nowMs: elapsed,
    perMinute: config.failedLoginsPerMinutePerIdentity,
  })
  return {
    administration: createGatewayAdministration({ ...options, podJudge, controlPlaneOrigin }),
    enrolGateway: createEnrolGateway(options),
    loginGateway: createLoginGateway({
      ...options,
      podJudge,
      limits,
      limitKeyOf: (request, couldBeLive) =>
        failureKey({ ...request, identityId: request.gatewayId }, couldBeLive),
      pace: (startedAtMs) => paceRefusal(elapsed() - startedAtMs, (ms) => sleep(ms)),
    }),
    warningsOf: (settings: GatewayKubernetesSettings) => podJudge.warningsOf(settings),
  }
}

/** The reviewers, rules and checks of workloads' logins, as gateways ask for them. */
function createPodJudge(
  { chooseReviewer, checkReviewer }: GatewayCredentialsOptions['reviews'],
  now: () => Date,
): PodJudge {
  const judgePod = createJudgePod({ chooseReviewer, nowMs: () => now().getTime() })
  return {
    checkSettings: (settings) => within('authMethod', () => checkSettings(kubernetesAuthOf(settings))),
    // Nobody is passed over: no pool vouches for pods.
    checkReviewer: async (settings) => void (await checkReviewer(reviewedOf(settings))),
    warningsOf: (settings) => warningsOf(kubernetesAuthOf(settings)),
    couldBeLive: (jwt) => readLiveToken(jwt, now().getTime()).ok,
    judge: async (settings, { jwt, signal }) => {
      const { denial, details } = await judgePod(reviewedOf(settings), jwt, signal)
      if (denial === undefined) return { kind: 'admitted', details }
      return { kind: 'denied', denial: podDenialOf(denial), details }
    },
  }
}

function kubernetesAuthOf(settings: GatewayKubernetesSettings): KubernetesAuthSettings {
  return {
    tokenReviewMode: settings.tokenReviewMode,
    kubernetesHost: settings.kubernetesHost,
    caCert: settings.caCert,
    verifyTlsCertificate: settings.verifyTlsCertificate,
    tokenReviewerJwt: settings.tokenReviewerJwt,
    allowedNamespaces: settings.allowedNamespaces,
    allowedNames: settings.allowedNames,
    allowedAudience: settings.allowedAudience,
    gatewayId: settings.reviewerGatewayId,
    gatewayPoolId: null,
    accessToken: { ttlSeconds: 0, maxTtlSeconds: 0, numUsesLimit: 0, trustedIps: [] },
  }
}

function reviewedOf(settings: ReviewedSettings) {
  return { ...kubernetesAuthOf(settings), organizationId: settings.organizationId }
}

function podDenialOf(denial: LoginDenial): PodDenial {
  const answer = answerOf(denial)
  const { reason, retryAfterSeconds } = denial
  return {
    reason,
    outcome: outcomeOf(denial),
    answer: answer === 'refused' || answer === 'rule' ? answer : 'unavailable',
    isBeforeReview: isBeforeReview(denial),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

/** Fields of a part of the body are named by their whole path. */
function within(part: string, check: () => void): void {
  try {
    check()
  } catch (error) {
    if (!(error instanceof ValidationFailure)) throw error
    throw new ValidationFailure(
      error.issues.map(({ code, path, message }) => ({ code, path: [part, ...path], message })),
    )
  }
}
