/**
 * What replicas say to each other. With several replicas it is NATS (`nats-replica-bus.ts`), with one it stays inside the
 * process (`local-replica-bus.ts`). Every message is sealed and authenticated by `sealed-message.ts`, so that whoever
 * can reach NATS can neither read a token nor forge a verdict.
 */
export interface ReplicaBus {
  /** False while there is no connection: requests then come back `disconnected` at once, and what is published is lost. */
  readonly isConnected: boolean
  /** Tells every replica that listens, this one not. What cannot be sent is lost: who relies on it catches up otherwise. */
  publish(topic: string, message: Uint8Array): void
  /** Never rejects. Exactly one replica listens to a topic that is asked, or none does. */
  request(topic: string, message: Uint8Array, options: RequestOptions): Promise<ReplicaAnswer>
  /** Calls for each message of a topic from another replica. Survives a loss of the connection. @returns what ends it */
  listen(topic: string, hear: (message: Uint8Array) => void): () => void
  /** Answers requests on a topic, from other replicas and this one. What `answer` rejects with is logged, and nobody is answered. @returns what ends it */
  serve(topic: string, answer: (message: Uint8Array) => Promise<Uint8Array> | Uint8Array): () => void
  /** Calls whenever a connection comes about again, when everything that was published meanwhile is lost. @returns what ends it */
  onReconnected(call: () => void): () => void
  /** What has been published is sent first; in at most a second. */
  close(): Promise<void>
}

export interface RequestOptions {
  timeoutMs: number
  signal?: AbortSignalLike | undefined
}

/** What is needed of an AbortSignal. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: { handleEvent(): void }): void
  removeEventListener(type: 'abort', listener: { handleEvent(): void }): void
}

export type ReplicaAnswer =
  | { kind: 'answered'; message: Uint8Array }
  /** Nobody serves the topic: known at once, and the next may be asked. */
  | { kind: 'no-responders' }
  | { kind: 'timed-out' }
  | { kind: 'cancelled' }
  /** This replica has no connection, or it broke while the answer was awaited. */
  | { kind: 'disconnected' }
