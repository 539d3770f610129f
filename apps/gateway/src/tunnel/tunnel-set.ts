import type { WelcomeFrame } from '@postern/protocol'
import type { Announcement } from './announcement.ts'
import { CutAge } from './cut-age.ts'
import type { InFlight } from './in-flight.ts'
import type { DialFailure } from './outcome.ts'
import type { ReachControlPlane, TunnelCredential } from './reach-control-plane.ts'
import { ReplicaSpread } from './replica-spread.ts'
import { TunnelSession, type LeaveLimits } from './session.ts'
import { Supervisor, type Attempt, type TunnelEnd, type TunnelLog } from './supervisor.ts'
import type { Timing } from './timing.ts'
import type { TunnelObserver } from './tunnel-observer.ts'
import type { TunnelState } from './tunnel-state.ts'

export interface TunnelSetOptions {
  slots: number
  reach: ReachControlPlane
  credential: Pick<TunnelCredential, 'current' | 'onChange'>
  inFlight: InFlight
  announcements: readonly Announcement[]
  onDialStreams: (ticket: Uint8Array) => void
  leaveLimits: Partial<LeaveLimits> | undefined
  timing: Timing
  log: TunnelLog
  observer: TunnelObserver
}

/** The first version of the protocol in which one process may have several tunnels. */
const minorVersionWithSlots = 2
/**
 * Between dials of different slots, in milliseconds: this and as much again by chance. Connections of one age would be
 * cut at one moment by whoever cuts old ones.
 */
const dialsApartMs = 500
/** A tunnel that was cut was heard from shortly before; one that fell silent was not. */
const cutIdleMsMax = 4_000
/** Before a second tunnel is tried again on a control plane that is too old for it, in milliseconds. */
const noSlotsRetryMs = 60_000

/**
 * The tunnels of one process, each in its slot.
 *
 * 1. The second slot dials once the first has seen a control plane that takes two tunnels of one process; an older one
 *    would replace the first by the second.
 * 2. Of two tunnels on one replica one tries for another (`replica-spread.ts`).
 * 3. A tunnel that another key opened is replaced by one of the key in use.
 * 4. On the wire each tunnel has a number of its own while it lives, one that gives way to another included: of two with
 *    one number the control plane would take the older for replaced.
 * 5. Tunnels are never of one age, and give way before the age at which those before them were cut (`cut-age.ts`).
 */
export class TunnelSet {
  readonly ended: Promise<TunnelEnd>
  readonly #options: TunnelSetOptions
  readonly #spread: ReplicaSpread
  readonly #supervisors: readonly Supervisor[]
  readonly #takesSlots = Promise.withResolvers<void>()
  #mayTakeSlots = false
  /** Of each slot's tunnel: fires when it is not the slot's any more. */
  readonly #overs = new Map<number, AbortController>()
  /** Numbers on the wire that are in use. */
  readonly #numbers = new Set<number>()
  readonly #dialledAt = new Map<number, number>()
  readonly #stopHearing: () => void
  #epoch = 0

  constructor(options: TunnelSetOptions) {
    this.#options = options
    this.#spread = new ReplicaSpread(() => options.timing.random())
    this.#stopHearing = options.credential.onChange(() => this.#replaceOldKeys())
    this.#supervisors = Array.from({ length: options.slots }, (_, slot) => this.#supervise(slot))
    this.ended = endOf(this.#supervisors)
  }

  /** By slot. */
  get states(): readonly TunnelState[] {
    return this.#supervisors.map(({ state }) => state)
  }

  /** Those that serve, of each slot one at most. */
  get sessions(): readonly TunnelSession[] {
    return this.#supervisors.flatMap(({ session }) => (session === undefined ? [] : [session]))
  }

  async close(): Promise<void> {
    this.#stopHearing()
    for (const over of this.#overs.values()) over.abort()
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.close()))
  }

  #supervise(slot: number): Supervisor {
    const { timing, log, observer } = this.#options
    const cutAge = new CutAge()
    return new Supervisor({
      slot,
      mayDial: (stop) => this.#mayDial(slot, stop),
      reach: (attempt) => this.#reach(slot, attempt),
      onTunnel: (session) => this.#onTunnel(slot, session, cutAge),
      timing,
      log,
      observer,
    })
  }

  async #reach(
    slot: number,
    attempt: Attempt,
  ): Promise<{ kind: 'welcomed'; session: TunnelSession } | DialFailure> {
    const { reach, timing, log, observer, inFlight, announcements, onDialStreams, leaveLimits } =
      this.#options
    const number = this.#takeNumber()
    const epoch = ++this.#epoch
    const wanted = { slot: number, epoch, purpose: 'reviews', ticket: new Uint8Array(0) } as const
    const reached = await reach({ ...attempt, ...wanted })
    if (reached.kind !== 'welcomed') {
      this.#numbers.delete(number)
      return reached
    }
    const { socket, welcome, keyId } = reached
    void socket.closed.finally(() => this.#numbers.delete(number))
    if (slot > 0 && welcome.minorVersion < minorVersionWithSlots) {
      socket.terminate()
      return takesOneTunnel
    }
    if (welcome.minorVersion >= minorVersionWithSlots) {
      this.#mayTakeSlots = true
      this.#takesSlots.resolve()
    }
    log.info(describeWelcome(welcome, slot, epoch), 'the tunnel is up')
    const session = new TunnelSession({
      socket,
      welcome,
      keyId,
      inFlight,
      announcements,
      onDialStreams,
      leaveLimits,
      elapsed: () => timing.elapsed(),
      onRoundTrip: (ms) => observer.roundTrip(slot, ms),
    })
    return { kind: 'welcomed', session }
  }

  #takeNumber(): number {
    let number = 0
    while (this.#numbers.has(number)) number += 1
    this.#numbers.add(number)
    return number
  }

  async #mayDial(slot: number, stop: AbortSignal): Promise<void> {
    // Once: each wait leaves a listener at the signal, which lives as long as the process.
    if (slot > 0 && !this.#mayTakeSlots) await Promise.race([this.#takesSlots.promise, fired(stop)])
    const { timing } = this.#options
    const others = [...this.#dialledAt].filter(([other]) => other !== slot).map(([, at]) => at)
    const apartMs = dialsApartMs * (1 + timing.random())
    const waitMs = Math.max(-Infinity, ...others) + apartMs - timing.elapsed()
    if (waitMs > 0) await timing.sleep(waitMs, stop)
    this.#dialledAt.set(slot, timing.elapsed())
  }

  #onTunnel(slot: number, session: TunnelSession | undefined, cutAge: CutAge): void {
    this.#overs.get(slot)?.abort()
    this.#overs.delete(slot)
    if (session === undefined) {
      this.#spread.lost(slot)
      return
    }
    const { timing, credential } = this.#options
    const over = new AbortController()
    this.#overs.set(slot, over)
    const tryAfterMs = this.#spread.welcomed(slot, session.replicaId)
    if (tryAfterMs !== undefined) void this.#tryForAnother(slot, session, tryAfterMs, over.signal)
    void this.#giveWayInTime(session, cutAge.reliefAfterMs(timing.elapsed(), timing.random()), over.signal)
    void this.#learnCutAge(session, cutAge)
    if (session.keyId !== credential.current.keyId) session.wantRelief('key-changed')
  }

  async #tryForAnother(
    slot: number,
    session: TunnelSession,
    afterMs: number,
    over: AbortSignal,
  ): Promise<void> {
    await this.#options.timing.sleep(afterMs, over)
    if (!over.aborted && this.#spread.isShared(slot)) session.wantRelief('same-replica')
  }

  async #giveWayInTime(
    session: TunnelSession,
    afterMs: number | undefined,
    over: AbortSignal,
  ): Promise<void> {
    if (afterMs === undefined) return
    await this.#options.timing.sleep(afterMs, over)
    if (!over.aborted) session.wantRelief('cut-age')
  }

  async #learnCutAge(session: TunnelSession, cutAge: CutAge): Promise<void> {
    const turn = await session.turn
    if (turn.kind !== 'ended' || turn.end.kind !== 'lost' || turn.idleMs > cutIdleMsMax) return
    cutAge.cut(turn.servedMs, this.#options.timing.elapsed())
  }

  #replaceOldKeys(): void {
    const { keyId } = this.#options.credential.current
    for (const session of this.sessions) if (session.keyId !== keyId) session.wantRelief('key-changed')
  }
}

const takesOneTunnel: DialFailure = {
  kind: 'refused',
  refusal: {
    code: 'one-tunnel-only',
    message: 'this replica is of a version that takes one tunnel of a gateway process',
    permanent: false,
    retryAfterMs: noSlotsRetryMs,
  },
}

function describeWelcome({ replicaId, minorVersion }: WelcomeFrame, slot: number, epoch: number): object {
  return { slot, replicaId, epoch, minorVersion }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The first refusal for good, or the last to close. */
async function endOf(supervisors: readonly Supervisor[]): Promise<TunnelEnd> {
  const { promise, resolve } = Promise.withResolvers<TunnelEnd>()
  const ends = supervisors.map(async ({ ended }) => {
    const end = await ended
    if (end.kind === 'refused') resolve(end)
  })
  await Promise.race([promise, Promise.all(ends)])
  resolve({ kind: 'closed' })
  return promise
}
