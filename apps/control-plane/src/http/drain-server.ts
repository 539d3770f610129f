import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { HttpServer } from './http-server.ts'

export interface ServerDrain {
  /**
   * Still takes every request, and each reply ends its connection: a balancer that keeps connections is left without one
   * that could be closed under its next request. Resolves when balancers have had the time to see that this replica is
   * not ready.
   */
  sendAway(): Promise<void>
  /**
   * Takes no new connection from now on; resolves when no request is under way. Upgraded connections are the caller's:
   * as many as `upgradedCount` says are not waited for.
   */
  finishRequests(upgradedCount: () => number): Promise<void>
  /** Ends every connection that is left. */
  close(): Promise<void>
}

export interface SendAwayTimes {
  /** However little is asked: a balancer without traffic has to look, too. */
  leastMs: number
  /** While requests come in, nobody has noticed. */
  quietMs: number
  /** Balancers that never look, as nginx, go elsewhere when they are refused a connection. */
  mostMs: number
}

const sendAwayTimes: SendAwayTimes = { leastMs: 2_000, quietMs: 1_000, mostMs: 5_000 }
const pollMs = 20
const queuedTurnsMax = 1000

export function createServerDrain(server: HttpServer, times: SendAwayTimes = sendAwayTimes): ServerDrain {
  let closed: Promise<unknown> | undefined
  async function stopListening(): Promise<void> {
    if (closed !== undefined) return
    await takeQueued(server)
    if (server.server.listening) server.server.close()
    closed ??= server.close()
  }
  return {
    sendAway: async () => {
      const startedAt = performance.now()
      let lastAt = startedAt
      server.server.prependListener('request', (request, response) => {
        response.shouldKeepAlive = false
        if (!isProbe(request.url)) lastAt = performance.now()
      })
      for (;;) {
        const now = performance.now()
        const waitMs = Math.min(
          startedAt + times.mostMs - now,
          Math.max(startedAt + times.leastMs, lastAt + times.quietMs) - now,
        )
        if (waitMs <= 0) return
        await sleep(waitMs)
      }
    },
    finishRequests: async (upgradedCount) => {
      await stopListening()
      while ((await countConnections(server)) > upgradedCount()) {
        // One that finished its request a moment ago would be kept alive for the next one.
        server.server.closeIdleConnections()
        await sleep(pollMs)
      }
    },
    close: async () => {
      await stopListening()
      server.server.closeAllConnections()
      await closed
    },
  }
}

/** Connections that the system has queued would be reset with the door; Node takes one of them in each turn. */
async function takeQueued({ server }: HttpServer): Promise<void> {
  let taken = 0
  const count = (): void => void (taken += 1)
  server.on('connection', count)
  for (let before = -1, turns = 0; before < taken && turns < queuedTurnsMax; turns += 1) {
    before = taken
    await nextTurn()
  }
  server.off('connection', count)
}

/** Asked by those who look whether this replica is ready, for as long as it lives. */
function isProbe(url = ''): boolean {
  return url === '/readyz' || url === '/livez' || url === '/metrics'
}

function countConnections(server: HttpServer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  return promise
}
