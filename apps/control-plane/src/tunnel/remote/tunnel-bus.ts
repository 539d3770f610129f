/** What replicas say to each other, as far as tunnels go: `replicas/replica-bus.ts`. */
export interface TunnelBus {
  /** While false, requests come back `disconnected` at once, and what is published is lost. */
  readonly isConnected: boolean
  publish(topic: string, message: Uint8Array): void
  /** Never rejects. */
  request(
    topic: string,
    message: Uint8Array,
    options: { timeoutMs: number; signal?: BusSignal | undefined },
  ): Promise<BusAnswer>
  /** @returns what ends it */
  listen(topic: string, hear: (message: Uint8Array) => void): () => void
  /** @returns what ends it */
  serve(topic: string, answer: (message: Uint8Array) => Promise<Uint8Array>): () => void
  /** @returns what ends it */
  onReconnected(call: () => void): () => void
}

interface BusSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: { handleEvent(): void }): void
  removeEventListener(type: 'abort', listener: { handleEvent(): void }): void
}

type BusAnswer =
  | { kind: 'answered'; message: Uint8Array }
  | { kind: 'no-responders' }
  | { kind: 'timed-out' }
  | { kind: 'cancelled' }
  | { kind: 'disconnected' }

/** The subscription to it is where a tunnel is: it ends with its holder. */
export function reviewTopicOf(tunnelId: string): string {
  return `tunnel.${tunnelId}`
}

/** What one process of a replica is told, and nobody else. */
export function mailTopicOf(processId: string): string {
  return `process.${processId}`
}

/** What replicas say of their tunnels. */
export const presenceTopic = 'tunnels'
/** Who has just come asks all others to say it at once. */
export const askTopic = 'tunnels.ask'
