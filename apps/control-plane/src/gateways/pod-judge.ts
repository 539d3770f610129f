import type { AuditOutcome, JsonValue } from '../audit/audit-event.ts'
import type { AuditReason } from '../audit/audit-reason.ts'
import type { LeavingSignal } from '../http/signal-of-leaving.ts'
import type { GatewayKubernetesSettings } from './gateway-kubernetes-auth.ts'

/**
 * The port through which a gateway's pods are judged, by the rules and reviewers of workloads. `login/` and
 * `kubernetes-auth/` implement it; `open-gateway-credentials.ts` joins them.
 */
export interface PodJudge {
  /** Throws ApiError that names the field of what must not be saved. */
  checkSettings(settings: GatewayKubernetesSettings): void
  /** Asks the reviewer whether it may review. Throws ApiError for the operator. */
  checkReviewer(settings: ReviewedSettings): Promise<void>
  /** What may be saved but should not stay so. */
  warningsOf(settings: GatewayKubernetesSettings): string[]
  /** False for what no cluster could vouch for. */
  couldBeLive(jwt: string): boolean
  /** Never rejects for what the pod or the cluster did. */
  judge(settings: ReviewedSettings, token: PodToken): Promise<PodJudgement>
}

export interface ReviewedSettings extends GatewayKubernetesSettings {
  organizationId: string
}

export interface PodToken {
  jwt: string
  /** Fires when the caller has left. */
  signal?: LeavingSignal
}

export type PodJudgement = {
  /** Who reviewed, what was found and compared: for the audit log. */
  details: Record<string, JsonValue>
} & ({ kind: 'admitted' } | { kind: 'denied'; denial: PodDenial })

export interface PodDenial {
  reason: AuditReason
  outcome: Exclude<AuditOutcome, 'success'>
  /**
   * `refused`: nobody has vouched for the pod; whoever it is learns nothing. `rule`: the cluster has, and a rule says no.
   * `unavailable`: the cluster could not be asked.
   */
  answer: 'refused' | 'rule' | 'unavailable'
  /** Decided without asking the cluster. */
  isBeforeReview: boolean
  retryAfterSeconds?: number
}
