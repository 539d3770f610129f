import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewaySession } from './gateway-session.ts'

/** Gateways that are told in one second: each dials another replica at once. */
const toldPerSecond = 100
const spreadMsMax = 15_000

/** Telling them and waiting for them, together. */
const leaveMsMax = 18_000
/** The tunnels end after the last logins that are under way here, which is sooner. */
const goneWithinMs = 30_000

/** Over how long as many gateways are told that this replica leaves, in milliseconds. */
function spreadMsOf(tunnels: number): number {
  return Math.min(spreadMsMax, (tunnels / toldPerSecond) * 1000)
}

/**
 * Asks the gateways, one after the other, to dial another replica first.
 * @param withinMs what each has for it; less when there are very many
 * @returns when each has, or cannot in time: after 18 s at most
 */
export async function askGatewaysToLeave(
  sessions: readonly GatewaySession[],
  withinMs: number,
): Promise<void> {
  const startedAt = performance.now()
  const spreadMs = spreadMsOf(sessions.length)
  const patienceMs = Math.min(withinMs, leaveMsMax - spreadMs)
  const asked: Promise<void>[] = []
  for (const [index, session] of sessions.entries()) {
    const aheadMs = (index / sessions.length) * spreadMs - (performance.now() - startedAt)
    if (aheadMs > 0) await sleep(aheadMs)
    asked.push(session.askToLeave('this replica is stopping', patienceMs, goneWithinMs))
  }
  await Promise.all(asked)
}

/**
 * Ends the tunnels: those on which nothing waits at once, the others when they have answered.
 * @param withinMs what waits has for it
 */
export async function endTunnels(sessions: readonly GatewaySession[], withinMs: number): Promise<void> {
  const spreadMs = spreadMsOf(sessions.length)
  for (const [index, session] of sessions.entries()) {
    // Gateways that found no other replica dial again soon, and not all in one moment.
    session.finish('shutting-down', withinMs, Math.round((index / sessions.length) * spreadMs))
  }
  await Promise.all(sessions.map((session) => session.closed))
}
