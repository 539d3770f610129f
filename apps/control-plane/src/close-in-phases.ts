import { setTimeout as sleep } from 'node:timers/promises'

export interface ClosingPhase {
  /** For the log: what is closed. */
  name: string
  budgetMs: number
  close: () => Promise<unknown>
}

export interface ClosingLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/**
 * Runs the phases one after the other. One that fails or takes too long is logged, and the next one comes all the same. At
 * the end a line says what each took.
 */
export async function closeInPhases(phases: readonly ClosingPhase[], log: ClosingLog): Promise<void> {
  const tookMs: Record<string, number> = {}
  for (const { name, budgetMs, close } of phases) {
    const done = new AbortController()
    const startedAt = performance.now()
    try {
      const outcome = await Promise.race([
        close().then(() => 'closed' as const),
        sleep(budgetMs, 'late' as const, { signal: done.signal }),
      ])
      if (outcome === 'late')
        log.warn({ phase: name, budgetMs }, 'closing takes too long; going on without it')
    } catch (error) {
      log.warn({ phase: name, err: error }, 'closing failed; going on without it')
    } finally {
      done.abort()
      tookMs[name] = Math.round(performance.now() - startedAt)
    }
  }
  const budgetMs = phases.reduce((sum, phase) => sum + phase.budgetMs, 0)
  log.info({ tookMs, budgetMs }, 'closed, in phases')
}
