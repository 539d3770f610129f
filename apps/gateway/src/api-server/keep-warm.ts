import type { ExchangeOutcome } from '../http/exchange.ts'

export interface KeepWarmOptions {
  warm: (connections: number, timeoutMs: number) => Promise<ExchangeOutcome>
  /** Told the first outcome, and then every change between answering and not. */
  onReachable: (outcome: ExchangeOutcome) => void
  /** Resolves after that time, or as soon as the signal fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

/** Connections for the logins of a usual moment; idle ones would close after 60 s. */
const connectionsWarm = 8
const intervalMs = 20_000
const timeoutMs = 2_000

/** Keeps connections to the API server open, and notices when it is gone before a login does. Ends with the signal. */
export async function keepWarm({ warm, onReachable, sleep, signal }: KeepWarmOptions): Promise<void> {
  let before: ExchangeOutcome['kind'] | undefined
  while (!signal.aborted) {
    const outcome = await warmSafely(warm)
    if (outcome.kind !== before && !signal.aborted) onReachable(outcome)
    before = outcome.kind
    await sleep(intervalMs, signal)
  }
}

async function warmSafely(warm: KeepWarmOptions['warm']): Promise<ExchangeOutcome> {
  try {
    return await warm(connectionsWarm, timeoutMs)
  } catch (error) {
    const detail = error instanceof Error ? error.message : 'unknown error'
    return { kind: 'failure', failure: 'unreachable', detail }
  }
}
