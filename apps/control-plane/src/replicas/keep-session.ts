import { setTimeout as sleep } from 'node:timers/promises'

import type { BusLog } from './answer-locally.ts'
import { type NatsFailure, describeNatsFailure } from './nats-refusal.ts'
import { type NatsCredentials, type NatsServer, NatsSession, type SessionTimings } from './nats-session.ts'

export interface KeepSessionOptions {
  /** Any of them will do. */
  servers: readonly NatsServer[]
  credentials: NatsCredentials
  name: string
  timings: SessionTimings
  log: BusLog
  /** From 0 to 1. */
  random: () => number
}

export interface SessionKeeper {
  /** Makes the subscriptions of a new session. */
  prepare: (session: NatsSession) => void
  /** From now on this is the session. @param isRelief it relieves one that is still good, so that nothing is lost */
  opened: (session: NatsSession, isRelief: boolean) => void
  /** There is none. */
  lost: () => void
}

const backoffMsMin = 50
const backoffMsMax = 1_000
/** The relieved session goes on so long: what is under way to it arrives. */
const reliefMs = 2_000

/** Keeps one session to one of the servers, for ever: a broken one is followed by another. */
export class SessionKeeping {
  readonly #options: KeepSessionOptions
  readonly #keeper: SessionKeeper
  readonly #stopping = new AbortController()
  #current: NatsSession | undefined
  #lastFailure: NatsFailure | undefined
  #failures = 0
  #isRelieving = false

  constructor(options: KeepSessionOptions, keeper: SessionKeeper) {
    this.#options = options
    this.#keeper = keeper
  }

  /** Why the last attempt failed; undefined while there is a session. */
  get failure(): NatsFailure | undefined {
    return this.#current === undefined ? this.#lastFailure : undefined
  }

  /** One attempt at each server, in random order. @returns whether there is a session */
  async tryOnce(): Promise<boolean> {
    const session = await this.#openAny()
    if (session !== undefined) this.#use(session, false)
    return session !== undefined
  }

  /** Tries until there is a session, or `stop()`. */
  async try(): Promise<void> {
    while (!this.#stopping.signal.aborted && !(await this.tryOnce())) {
      this.#failures += 1
      const most = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(this.#failures, 10))
      await this.#pause(backoffMsMin + this.#options.random() * most)
    }
  }

  stop(): void {
    this.#stopping.abort()
    this.#current?.close()
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopping
    // Aborted: there is nothing to wait for any more.
    return sleep(ms, undefined, { signal }).catch(() => undefined)
  }

  async #openAny(): Promise<NatsSession | undefined> {
    const { servers, random } = this.#options
    const inTurn = servers.map((server) => ({ server, at: random() })).sort((a, b) => a.at - b.at)
    const failures: NatsFailure[] = []
    for (const { server } of inTurn) {
      const outcome = await this.#open(server)
      if (this.#stopping.signal.aborted) {
        if (outcome instanceof NatsSession) outcome.close()
        return undefined
      }
      if (outcome instanceof NatsSession) return outcome
      failures.push(outcome)
    }
    this.#tell(failures)
    return undefined
  }

  async #open(server: NatsServer): Promise<NatsSession | NatsFailure> {
    let session: NatsSession | undefined
    try {
      session = await NatsSession.open(
        { ...this.#options, server },
        {
          onLeaving: () => void this.#relieve(),
          onDenied: (error) =>
            this.#options.log.error({ reason: describe(server, error).text }, 'NATS denies something'),
        },
      )
      this.#keeper.prepare(session)
      await session.confirm()
      return session
    } catch (error) {
      session?.close()
      return describe(server, error)
    }
  }

  /** A refusal tells more than a server that happens to be down. Repeated only when it changes. */
  #tell(failures: readonly NatsFailure[]): void {
    const failure = failures.find(({ isRefusal }) => isRefusal) ?? failures[0]
    if (failure === undefined) return
    if (failure.text !== this.#lastFailure?.text) {
      this.#options.log.error({ reason: failure.text }, 'no connection to NATS; trying again')
    }
    this.#lastFailure = failure
  }

  #use(session: NatsSession, isRelief: boolean): void {
    this.#current = session
    this.#failures = 0
    this.#lastFailure = undefined
    void session.ended.then((reason) => this.#onEnded(session, reason))
    this.#keeper.opened(session, isRelief)
  }

  #onEnded(session: NatsSession, reason: string): void {
    if (this.#current !== session) return
    this.#current = undefined
    this.#keeper.lost()
    if (this.#stopping.signal.aborted) return
    this.#options.log.warn({ reason }, 'lost the connection to NATS')
    if (!this.#isRelieving) void this.try()
  }

  /** Its server will stop: another session first, then the end of this one. */
  async #relieve(): Promise<void> {
    if (this.#isRelieving) return
    this.#isRelieving = true
    const relieved = this.#current
    while (!this.#stopping.signal.aborted) {
      const session = await this.#openAny()
      if (session !== undefined) {
        const isRelief = this.#current === relieved
        this.#use(session, isRelief)
        break
      }
      await this.#pause(backoffMsMax)
    }
    this.#isRelieving = false
    await this.#pause(reliefMs)
    relieved?.close()
  }
}

function describe({ host, port }: NatsServer, error: unknown): NatsFailure {
  return describeNatsFailure(`${host}:${port}`, error)
}
