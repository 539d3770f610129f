import { type Answer, type BusLog, answerLocally } from './answer-locally.ts'
import type { ReplicaAnswer, ReplicaBus, RequestOptions } from './replica-bus.ts'

/** The bus of a replica that is the only one: nobody else hears, and only what it serves itself is answered. */
export class LocalReplicaBus implements ReplicaBus {
  readonly isConnected = true
  readonly #log: Pick<BusLog, 'error'>
  readonly #served = new Map<string, Answer>()

  constructor(log: Pick<BusLog, 'error'>) {
    this.#log = log
  }

  publish(): void {
    // Nobody else is there.
  }

  request(topic: string, message: Uint8Array, options: RequestOptions): Promise<ReplicaAnswer> {
    const answer = this.#served.get(topic)
    if (answer === undefined) return Promise.resolve({ kind: 'no-responders' })
    return answerLocally(answer, message, options, (error) =>
      this.#log.error({ err: error, topic }, 'a request to this replica failed'),
    )
  }

  listen(): () => void {
    return () => undefined
  }

  serve(topic: string, answer: Answer): () => void {
    if (this.#served.has(topic)) throw new Error(`topic ${topic} is served already`)
    this.#served.set(topic, answer)
    return () => {
      if (this.#served.get(topic) === answer) this.#served.delete(topic)
    }
  }

  onReconnected(): () => void {
    return () => undefined
  }

  close(): Promise<void> {
    this.#served.clear()
    return Promise.resolve()
  }
}
