import type { TunnelBus } from '../remote/tunnel-bus.ts'

type Answer = (message: Uint8Array) => Promise<Uint8Array>

/** Buses in one process that behave as if a network were between them. */
export class BusHub {
  readonly #buses = new Set<HubBus>()

  join(): HubBus {
    const bus = new HubBus(this)
    this.#buses.add(bus)
    return bus
  }

  othersOf(bus: HubBus): HubBus[] {
    return [...this.#buses].filter((other) => other !== bus && other.isConnected)
  }

  leave(bus: HubBus): void {
    this.#buses.delete(bus)
  }
}

export class HubBus implements TunnelBus {
  isConnected = true
  /** What was asked and said: topics in their order. */
  readonly sent: string[] = []
  /** Whoever asks gets no answer: a replica that hangs. */
  isFrozen = false
  readonly #hub: BusHub
  readonly #listeners = new Map<string, Set<(message: Uint8Array) => void>>()
  readonly #served = new Map<string, Answer>()
  readonly #reconnected = new Set<() => void>()
  #lost: (() => void)[] = []

  constructor(hub: BusHub) {
    this.#hub = hub
  }

  publish(topic: string, message: Uint8Array): void {
    this.sent.push(topic)
    if (!this.isConnected) return
    for (const other of this.#hub.othersOf(this)) other.#hear(topic, Uint8Array.from(message))
  }

  request(
    topic: string,
    message: Uint8Array,
    { timeoutMs, signal }: Parameters<TunnelBus['request']>[2],
  ): ReturnType<TunnelBus['request']> {
    this.sent.push(topic)
    if (!this.isConnected) return Promise.resolve({ kind: 'disconnected' })
    const holder = this.#hub.othersOf(this).find((other) => other.#served.has(topic))
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ kind: 'timed-out' }), timeoutMs)
      const end = (answer: Awaited<ReturnType<TunnelBus['request']>>): void => {
        clearTimeout(timer)
        resolve(answer)
      }
      this.#lost.push(() => end({ kind: 'disconnected' }))
      signal?.addEventListener('abort', { handleEvent: () => end({ kind: 'cancelled' }) })
      setImmediate(() => {
        if (holder === undefined) end({ kind: 'no-responders' })
        else if (!holder.isFrozen)
          void holder.#served
            .get(topic)?.(Uint8Array.from(message))
            .then((answered) => setImmediate(() => end({ kind: 'answered', message: answered })))
      })
    })
  }

  listen(topic: string, hear: (message: Uint8Array) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(hear))
    return () => listeners.delete(hear)
  }

  serve(topic: string, answer: Answer): () => void {
    this.#served.set(topic, answer)
    return () => this.#served.delete(topic)
  }

  onReconnected(call: () => void): () => void {
    this.#reconnected.add(call)
    return () => this.#reconnected.delete(call)
  }

  disconnect(): void {
    this.isConnected = false
    for (const lose of this.#lost.splice(0)) lose()
  }

  reconnect(): void {
    this.isConnected = true
    for (const call of this.#reconnected) call()
  }

  /** As kill -9: no word to anybody. */
  vanish(): void {
    this.#hub.leave(this)
    this.disconnect()
  }

  #hear(topic: string, message: Uint8Array): void {
    setImmediate(() => {
      if (this.isConnected) for (const hear of this.#listeners.get(topic) ?? []) hear(message)
    })
  }
}
