/** Counts one use of a client secret; false when it has none, because it ended or was used as often as it may be. */
export type CountSecretUse = (clientSecretId: string) => Promise<boolean>

interface Waiting {
  resolve: (isUsed: boolean) => void
  reject: (error: unknown) => void
}

/**
 * Uses of one secret that arrive while a statement for it is under way are counted together by the next one: many
 * workloads may share a secret, and each statement holds its row until it is on disk. Each use is still counted after it
 * was asked for, and before its login goes on.
 */
export function createCountSecretUse(use: (id: string, uses: number) => Promise<number>): CountSecretUse {
  const waitingBySecret = new Map<string, Waiting[]>()

  async function countAll(id: string, waiting: Waiting[]): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0)
      try {
        const used = await use(id, batch.length)
        for (const [index, { resolve }] of batch.entries()) resolve(index < used)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    waitingBySecret.delete(id)
  }

  return (id) => {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    const waiting = waitingBySecret.get(id)
    if (waiting !== undefined) {
      waiting.push({ resolve, reject })
      return promise
    }
    const first = [{ resolve, reject }]
    waitingBySecret.set(id, first)
    void countAll(id, first)
    return promise
  }
}
