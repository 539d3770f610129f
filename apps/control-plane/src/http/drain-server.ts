import { setTimeout as sleep } from 'node:timers/promises'
import type { HttpServer } from './http-server.ts'

export interface ServerDrain {
  /**
   * Takes no new connection from now on; resolves when no request is under way. Upgraded connections are the caller's:
   * as many as `upgradedCount` says are not waited for.
   */
  finishRequests(upgradedCount: () => number): Promise<void>
  /** Ends every connection that is left. */
  close(): Promise<void>
}

const pollMs = 20

export function createServerDrain(server: HttpServer): ServerDrain {
  let closed: Promise<unknown> | undefined
  return {
    finishRequests: async (upgradedCount) => {
      closed ??= server.close()
      while ((await countConnections(server)) > upgradedCount()) {
        // One that finished its request a moment ago would be kept alive for the next one.
        server.server.closeIdleConnections()
        await sleep(pollMs)
      }
    },
    close: async () => {
      closed ??= server.close()
      server.server.closeAllConnections()
      await closed
    },
  }
}

function countConnections(server: HttpServer): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  return promise
}
