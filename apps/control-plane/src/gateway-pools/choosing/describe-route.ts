import type { ReviewRoute } from '../../login/token-reviewer.ts'
import type { Asking } from './asking.ts'

/** What the review was for. */
export interface RouteNames {
  gatewayId?: string
  gatewayPoolId?: string
}

export type WithoutRoute<Outcome> = Outcome extends unknown ? Omit<Outcome, 'via'> : never

/** For the audit log: who was asked for a review, in which order, and what came of each. */
export function describeRoute(
  names: RouteNames,
  askings: readonly Asking[],
  last: Asking | undefined,
  attempts: number,
  isHedged: boolean,
): ReviewRoute {
  const via = { reviewer: 'gateway', ...names, attempts } as const
  if (last === undefined) return via
  const { gatewayId, tunnelId, heldBy } = last.standing.tunnel
  const asked = { gatewayId, tunnelId, ...(heldBy !== undefined && { heldBy }) }
  if (askings.length === 1) return { ...via, ...asked }
  const tried = askings.map(({ standing: { tunnel }, label, isOvertaken }) => ({
    gatewayId: tunnel.gatewayId,
    tunnelId: tunnel.tunnelId,
    outcome: label ?? (isOvertaken ? 'overtaken' : 'cancelled'),
  }))
  return { ...via, ...asked, ...(isHedged && { hedged: true }), tried }
}
