import { DirectFailure } from './direct-messages.ts'

/**
 * Runs a phase of a connection within its time.
 * @throws DirectFailure 'timeout' when it is over, the outer signal's reason when that fires, what the phase throws
 */
export async function withinPhase<T>(
  { name, ms, signal }: { name: string; ms: number; signal: AbortSignal },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const phase = new AbortController()
  const late = new DirectFailure('timeout', `${name} took more than ${ms} ms`)
  const timer = setTimeout(() => phase.abort(late), ms)
  const onAbort = (): void => phase.abort(signal.reason)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await run(phase.signal)
  } catch (error) {
    // Some wrap the reason in an error of their own.
    phase.signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
