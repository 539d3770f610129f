import { type Answer, type BusLog, type Wait, answerLocally, startWaiting } from './answer-locally.ts'
import type { BusObserver } from './bus-observer.ts'
import { type KeepSessionOptions, SessionKeeping } from './keep-session.ts'
import type { NatsMessage, NatsSession } from './nats-session.ts'
import type { ReplicaAnswer, ReplicaBus, RequestOptions } from './replica-bus.ts'
import type { MessageSealer } from './sealed-message.ts'

export interface NatsReplicaBusOptions extends Omit<KeepSessionOptions, 'log'> {
  sealer: MessageSealer
  log: BusLog
  observer: BusObserver
}

interface Topic {
  readonly hearers: Set<(message: Uint8Array) => void>
  answer: Answer | undefined
}

/** A holder bounds each tunnel more tightly; this bounds them all. */
const answeringMax = 8_192
const topicPattern = /^[\w-]+(\.[\w-]+)*$/
const subjectPrefix = 'postern.'

/**
 * The bus over NATS. Invariants:
 * 1. Every message is sealed for where it goes: a notice for its subject, a request for its subject and the place that
 *    awaits the answer, an answer for that place alone. So none can be turned into another, or reach another request.
 * 2. Nothing is kept for a connection that is not there: `isConnected` is false exactly while there is no session.
 * 3. Each request settles once: answered, by its time, by its signal, or at the loss of the session.
 * 4. A topic is subscribed to while somebody listens to it or serves it, in each session.
 */
export class NatsReplicaBus implements ReplicaBus {
  readonly #sealer: MessageSealer
  readonly #log: BusLog
  readonly #observer: BusObserver
  readonly #keeping: SessionKeeping
  readonly #topics = new Map<string, Topic>()
  readonly #unsubscribe = new Map<NatsSession, Map<string, () => void>>()
  readonly #waiting = new Map<string, Wait>()
  readonly #reconnected = new Set<() => void>()
  readonly #inbox: string
  #session: NatsSession | undefined
  #requests = 0
  #answering = 0
  #wasConnected = false

  /** Connects by `open()`. */
  constructor({ sealer, log, observer, ...options }: NatsReplicaBusOptions) {
    this.#sealer = sealer
    this.#log = log
    this.#observer = observer
    this.#inbox = `${subjectPrefix}inbox.${sealer.senderId}.`
    this.#keeping = new SessionKeeping(
      { ...options, log },
      {
        prepare: (session) => this.#prepare(session),
        opened: (session, isRelief) => this.#opened(session, isRelief),
        lost: () => this.#lost(),
      },
    )
    observer.standingBy(() => ({
      isConnected: this.isConnected,
      server: this.#session?.server,
      roundTripMs: this.#session?.roundTripMs,
      waiting: this.#waiting.size,
    }))
  }

  get isConnected(): boolean {
    return this.#session !== undefined
  }

  /**
   * Tries to connect for so long, and goes on trying afterwards.
   * @returns what somebody has to change before it can connect, if that is known
   */
  async open(waitMs: number): Promise<{ refusal: string | undefined }> {
    const connected = this.#keeping.try()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, waitMs)
    await Promise.race([connected, late])
    clearTimeout(timer)
    const { failure } = this.#keeping
    return { refusal: failure?.isRefusal === true ? failure.text : undefined }
  }

  publish(topic: string, message: Uint8Array): void {
    const subject = subjectOf(topic)
    const session = this.#session
    const isSent = session !== undefined && session.publish(subject, this.#sealer.seal(subject, message))
    if (!isSent) this.#observer.unsent()
  }

  async request(topic: string, message: Uint8Array, options: RequestOptions): Promise<ReplicaAnswer> {
    const startedAt = performance.now()
    const answer = this.#topics.get(topic)?.answer
    if (answer !== undefined) {
      return answerLocally(answer, message, options, (error) => this.#tellFailure(topic, error))
    }
    const answered = await this.#ask(subjectOf(topic), message, options)
    this.#observer.requestEnded(answered.kind, performance.now() - startedAt)
    return answered
  }

  listen(topic: string, hear: (message: Uint8Array) => void): () => void {
    const { hearers } = this.#topic(topic)
    hearers.add(hear)
    return () => {
      hearers.delete(hear)
      this.#leaveIfUnused(topic)
    }
  }

  serve(topic: string, answer: Answer): () => void {
    const served = this.#topic(topic)
    if (served.answer !== undefined) throw new Error(`topic ${topic} is served already`)
    served.answer = answer
    return () => {
      if (served.answer === answer) served.answer = undefined
      this.#leaveIfUnused(topic)
    }
  }

  onReconnected(call: () => void): () => void {
    this.#reconnected.add(call)
    return () => this.#reconnected.delete(call)
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#reconnected.clear()
    if (session !== undefined) {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, 1_000)
      // A session that breaks now has nothing more to send.
      await Promise.race([session.confirm().catch(() => undefined), late])
      clearTimeout(timer)
    }
    this.#keeping.stop()
    this.#session = undefined
    this.#settleAll()
  }

  #ask(subject: string, message: Uint8Array, options: RequestOptions): Promise<ReplicaAnswer> {
    const session = this.#session
    if (session === undefined) return Promise.resolve({ kind: 'disconnected' })
    return new Promise((resolve) => {
      this.#requests += 1
      const reply = `${this.#inbox}${this.#requests.toString(36)}`
      const wait = startWaiting(options, (answer) => {
        this.#waiting.delete(reply)
        resolve(answer)
      })
      if (wait.isOver()) return
      this.#waiting.set(reply, wait)
      const sealed = this.#sealer.seal(placeOfRequest(subject, reply), message)
      if (session.publish(subject, sealed, reply)) return
      this.#observer.unsent()
      wait.settle({ kind: 'disconnected' })
    })
  }

  #prepare(session: NatsSession): void {
    this.#unsubscribe.set(session, new Map())
    void session.ended.then(() => this.#unsubscribe.delete(session))
    session.subscribe(`${this.#inbox}*`, (message) => this.#hearAnswer(message))
    for (const topic of this.#topics.keys()) this.#subscribe(session, topic)
    // Nobody hears it: if it is not allowed, that shows now and not at the first login.
    session.publish(subjectOf('permission-check'), new Uint8Array())
  }

  #opened(session: NatsSession, isRelief: boolean): void {
    const isFirst = !this.#wasConnected
    this.#session = session
    this.#wasConnected = true
    // What came about while the session was confirmed.
    for (const topic of this.#topics.keys()) this.#subscribe(session, topic)
    this.#log.info({}, isRelief ? 'moved to another NATS server' : 'connected to NATS')
    this.#observer.connected(isFirst)
    if (isRelief) return
    for (const call of this.#reconnected) this.#callSafely(call)
  }

  #lost(): void {
    this.#session = undefined
    this.#observer.disconnected()
    this.#settleAll()
  }

  #settleAll(): void {
    for (const wait of this.#waiting.values()) wait.settle({ kind: 'disconnected' })
  }

  #topic(name: string): Topic {
    subjectOf(name)
    const topic = this.#topics.get(name) ?? { hearers: new Set(), answer: undefined }
    this.#topics.set(name, topic)
    for (const session of this.#unsubscribe.keys()) this.#subscribe(session, name)
    return topic
  }

  #subscribe(session: NatsSession, topic: string): void {
    const made = this.#unsubscribe.get(session)
    if (made === undefined || made.has(topic)) return
    made.set(
      topic,
      session.subscribe(subjectOf(topic), (message) => this.#hear(topic, message)),
    )
  }

  #leaveIfUnused(topic: string): void {
    const { hearers, answer } = this.#topics.get(topic) ?? {}
    if (answer !== undefined || (hearers?.size ?? 0) > 0) return
    this.#topics.delete(topic)
    for (const made of this.#unsubscribe.values()) {
      made.get(topic)?.()
      made.delete(topic)
    }
  }

  #hearAnswer({ subject, message, isNoResponders }: NatsMessage): void {
    const wait = this.#waiting.get(subject)
    if (wait === undefined) return
    if (isNoResponders) return wait.settle({ kind: 'no-responders' })
    const opened = this.#open(subject, message)
    if (opened !== undefined) wait.settle({ kind: 'answered', message: opened })
  }

  #hear(topic: string, { subject, reply, message }: NatsMessage): void {
    const opened = this.#open(reply === '' ? subject : placeOfRequest(subject, reply), message)
    if (opened === undefined) return
    const { hearers = [], answer } = this.#topics.get(topic) ?? {}
    if (reply !== '') {
      if (answer !== undefined) void this.#answer(topic, answer, opened, reply)
      return
    }
    for (const hear of hearers) this.#callSafely(() => hear(opened))
  }

  async #answer(topic: string, answer: Answer, message: Uint8Array, reply: string): Promise<void> {
    if (this.#answering >= answeringMax) return this.#observer.discarded('overload')
    this.#answering += 1
    try {
      const answered = this.#sealer.seal(reply, await answer(message))
      if (this.#session?.publish(reply, answered) !== true) this.#observer.unsent()
    } catch (error) {
      this.#tellFailure(topic, error)
    } finally {
      this.#answering -= 1
    }
  }

  #open(place: string, sealed: Uint8Array): Uint8Array | undefined {
    const opened = this.#sealer.open(place, sealed)
    if (opened.kind === 'opened') return opened.message
    // While one session relieves another, everything arrives twice.
    const isExpected = opened.kind === 'replayed' && this.#unsubscribe.size > 1
    if (opened.kind !== 'own' && !isExpected) this.#observer.discarded(opened.kind)
    return undefined
  }

  #tellFailure(topic: string, error: unknown): void {
    this.#log.error({ err: error, topic }, 'a request of another replica failed')
  }

  #callSafely(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#log.error({ err: error }, 'what replicas say to each other: a listener failed')
    }
  }
}

function subjectOf(topic: string): string {
  if (!topicPattern.test(topic)) throw new Error('a topic is words joined by dots')
  return `${subjectPrefix}${topic}`
}

function placeOfRequest(subject: string, reply: string): string {
  return `${subject} ${reply}`
}
