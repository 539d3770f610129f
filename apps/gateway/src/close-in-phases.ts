export interface ClosingPhase {
  name: string
  /** After this many milliseconds the next phase begins, whatever this one still does. */
  msMax: number
  close: () => Promise<unknown>
}

export interface ClosingLog {
  warn(fields: object, message: string): void
}

/** One after the other, each bounded; one that fails or hangs is named in the log and keeps no other from closing. */
export async function closeInPhases(phases: readonly ClosingPhase[], log: ClosingLog): Promise<void> {
  for (const { name, msMax, close } of phases) {
    const { promise: overdue, resolve } = Promise.withResolvers<'overdue'>()
    const timer = setTimeout(resolve, msMax, 'overdue')
    try {
      const result = await Promise.race([close(), overdue])
      if (result === 'overdue') log.warn({ phase: name, msMax }, 'closing took too long, going on')
    } catch (error) {
      log.warn(
        { phase: name, error: error instanceof Error ? error.name : 'unknown' },
        'closing failed, going on',
      )
    } finally {
      clearTimeout(timer)
    }
  }
}
