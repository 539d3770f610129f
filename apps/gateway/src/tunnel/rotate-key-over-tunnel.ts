import { features } from '@postern/protocol'
import type { TunnelCredential } from './reach-control-plane.ts'
import type { TunnelSession } from './session.ts'
import type { TunnelLog } from './supervisor.ts'
import type { Timing } from './timing.ts'

/** The new key in its store; `createKeyRotation` makes one. None of these rejects. */
export interface KeyRotation {
  /** How old the key in use is, in milliseconds; 0 where that is not known. */
  ageMs(): number
  /** @param keyId of the key that opened the tunnel that is to carry the announcement */
  begin(keyId: string): Promise<
    | { kind: 'announce'; publicKey: Uint8Array; proof: Uint8Array; keyId: string }
    /** Another process has rotated. */
    | { kind: 'superseded' }
    | { kind: 'later'; reason: string }
  >
  confirm(keyId: string): Promise<void>
  abandon(keyId: string): Promise<void>
}

export interface KeepKeyRotatingOptions {
  rotation: KeyRotation
  everyMs: number
  credential: Pick<TunnelCredential, 'onChange'>
  set: { readonly sessions: readonly TunnelSession[] }
  timing: Timing
  log: TunnelLog
  stop: AbortSignal
}

/** So much earlier or later, by chance: of many processes on one store the first one rotates for all. */
const spread = 0.1
/** Before a rotation that was not possible is tried again, in milliseconds. */
const tryAgainMs = 60_000

/** Replaces the key every so often, counted from when the key in use came, whoever brought it. Ends with `stop`. Never rejects. */
export async function keepKeyRotating(options: KeepKeyRotatingOptions): Promise<void> {
  const { everyMs, credential, rotation, timing, stop } = options
  let changed = new AbortController()
  const unsubscribe = credential.onChange(() => {
    changed.abort()
    changed = new AbortController()
  })
  const spreadOut = (ms: number): number => ms * (1 - spread + 2 * spread * timing.random())
  // A process that is started again each day would never come to rotate if it counted from its own start.
  const overdueMs = Math.min(tryAgainMs, everyMs) * timing.random()
  let waitMs = Math.max(overdueMs, spreadOut(everyMs) - rotation.ageMs())
  while (!stop.aborted) {
    const { signal } = changed
    await timing.sleep(waitMs, AbortSignal.any([stop, signal]))
    if (stop.aborted) break
    const isDone = signal.aborted || (await rotateOnce(options))
    waitMs = spreadOut(isDone ? everyMs : Math.min(tryAgainMs, everyMs))
  }
  unsubscribe()
}

/** Whether that was all for this time. */
async function rotateOnce({ rotation, set, log }: KeepKeyRotatingOptions): Promise<boolean> {
  const session = set.sessions.find((candidate) => candidate.can(features.rotation))
  if (session === undefined) return false
  const start = await rotation.begin(session.keyId)
  if (start.kind === 'superseded') return true
  if (start.kind === 'later') {
    log.warn({ reason: start.reason }, 'the key is not rotated now, trying again')
    return false
  }
  const { keyId } = start
  const answer = await session.rotateKey(start)
  if (answer?.code === 'refused') {
    log.warn({ keyId, detail: answer.detail }, 'the control plane refused the new key: the old one stays')
    await rotation.abandon(keyId)
    return true
  }
  if (answer?.code !== 'rotated' || answer.keyId !== keyId) {
    const detail = answer?.detail ?? 'no answer'
    log.warn({ keyId, detail }, 'the control plane did not take the new key, trying again')
    return false
  }
  log.info({ keyId, formerKeyId: session.keyId }, 'the key was rotated')
  await rotation.confirm(keyId)
  return true
}
