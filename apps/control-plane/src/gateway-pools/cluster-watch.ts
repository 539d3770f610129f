import { randomUUID } from 'node:crypto'
import type { AuditEvent, AuditEventName } from '../audit/audit-event.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import type { Commit } from '../database/commit.ts'
import type { LiveTunnels } from '../gateways/live-tunnels.ts'
import { type RepeatOptions, type Repetition, startRepeating } from '../gateways/repeat.ts'
import { type Cluster, clusterOf, describeCluster, isSameReport } from './compare-clusters.ts'
import type { PoolMemberStore, RecordedReport } from './gateway-pool-store.ts'

/** What one report writes to, all of it or none. */
export interface ClusterReportScope {
  poolMembers: Pick<PoolMemberStore, 'recordReport'>
  audit: ChangeAudit
}

export interface ClusterWatchDependencies {
  members: Pick<PoolMemberStore, 'findReports'>
  commit: Commit<ClusterReportScope>
  tunnels: Pick<LiveTunnels, 'connectedCredentials' | 'clusterOf'>
  /** Runs after each report that was put on record: whatever remembers the pool forgets it. */
  onChanged: (gatewayPoolId: string) => void
  logger: { warn(fields: Record<string, unknown>, message: string): void }
  now: () => Date
  sleep: RepeatOptions['sleep']
}

export const clusterWatchIntervalMs = 1000
/**
 * A gateway that says another cluster all the time is put on record no more often than this. What it says counts at once
 * all the same: each of its tunnels is judged by its own report. One that went astray and came back is not restless.
 */
const changesMax = { count: 6, withinMs: 60_000 }

/**
 * Puts on record which cluster each connected member of a pool says it stands in, where that is news: reports of
 * tunnels here, and memberships that were made elsewhere. One read a round, whatever the number of gateways.
 */
export function startClusterWatch(dependencies: ClusterWatchDependencies): Repetition {
  const recordedAt = new Map<string, number[]>()
  return startRepeating({
    intervalMs: clusterWatchIntervalMs,
    task: () => recordReports(dependencies, recordedAt),
    onFailure: (error) =>
      dependencies.logger.warn({ err: error }, 'could not record the clusters of gateways'),
    sleep: dependencies.sleep,
  })
}

async function recordReports(
  dependencies: ClusterWatchDependencies,
  recordedAt: Map<string, number[]>,
): Promise<void> {
  const { members, tunnels, logger, now } = dependencies
  const reported = new Map<string, Cluster>()
  for (const { gatewayId } of tunnels.connectedCredentials()) {
    const cluster = reported.has(gatewayId) ? undefined : clusterOf(tunnels.clusterOf(gatewayId))
    if (cluster !== undefined) reported.set(gatewayId, cluster)
  }
  if (reported.size === 0) return
  const nowMs = now().getTime()
  for (const [gatewayId, times] of recordedAt) {
    const recent = times.filter((at) => Math.abs(nowMs - at) < changesMax.withinMs)
    if (recent.length === 0) recordedAt.delete(gatewayId)
    else recordedAt.set(gatewayId, recent)
  }
  const onRecord = await members.findReports([...reported.keys()])
  const news = new Map<string, Cluster>()
  for (const { gatewayId, cluster } of onRecord) {
    const said = reported.get(gatewayId)
    if (cluster !== null && (recordedAt.get(gatewayId)?.length ?? 0) >= changesMax.count) continue
    if (said !== undefined && !isSameReport(cluster, said)) news.set(gatewayId, said)
  }
  for (const [gatewayId, cluster] of news) {
    try {
      await recordReport(dependencies, gatewayId, cluster)
      recordedAt.set(gatewayId, [...(recordedAt.get(gatewayId) ?? []), nowMs])
    } catch (error) {
      // One that cannot be written must not hold up those of other gateways; the next round tries it again.
      logger.warn({ err: error, gatewayId }, 'could not record the cluster of a gateway')
    }
  }
}

async function recordReport(
  { commit, onChanged, logger, now }: ClusterWatchDependencies,
  gatewayId: string,
  cluster: Cluster,
): Promise<void> {
  const reports = await commit(async ({ poolMembers, audit }) => {
    const recorded = await poolMembers.recordReport(gatewayId, cluster)
    for (const report of recorded) {
      const event = eventNameOf(report)
      if (event !== undefined) await audit.record(eventAbout(report, event, gatewayId, cluster, now()))
    }
    return recorded
  })
  for (const report of reports) {
    onChanged(report.gatewayPoolId)
    if (report.verdict === 'other' && report.poolCluster !== null) {
      logger.warn(
        {
          gatewayId,
          gatewayPoolId: report.gatewayPoolId,
          poolCluster: describeCluster(report.poolCluster),
          gatewayCluster: describeCluster(cluster),
        },
        'a gateway stands in another cluster than its pool and is asked for no review',
      )
    }
  }
}

/** Undefined where nothing changed that anybody would look for. */
function eventNameOf({ verdict }: RecordedReport): AuditEventName | undefined {
  switch (verdict) {
    case 'learned':
      return 'gateway-pool-cluster-learned'
    case 'rotated':
      return 'gateway-pool-cluster-rotated'
    case 'other':
      return 'gateway-pool-member-excluded'
    case 'same':
    case 'unknown':
      return undefined
    default:
      return verdict satisfies never
  }
}

function eventAbout(
  { gatewayPoolId, gatewayPoolName, organizationId, gatewayName, verdict, poolCluster }: RecordedReport,
  event: AuditEventName,
  gatewayId: string,
  cluster: Cluster,
  occurredAt: Date,
): AuditEvent {
  return {
    occurredAt,
    organizationId,
    requestId: randomUUID(),
    event,
    ...(verdict === 'other'
      ? { outcome: 'denied' as const, reason: 'cluster-mismatched' as const }
      : { outcome: 'success' as const }),
    actor: { kind: 'gateway', id: gatewayId },
    details: {
      gatewayPoolId,
      gatewayPoolName,
      gatewayId,
      gatewayName,
      poolCluster: poolCluster && describeCluster(poolCluster),
      gatewayCluster: describeCluster(cluster),
    },
  }
}
