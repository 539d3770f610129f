import type { ReplicaBus } from './replica-bus.ts'

/** Tells what has changed, by ids: the database has the rest. */
export type Tell<Ids extends readonly string[]> = (...ids: Ids) => void

export const noticeTopic = 'changed'
const idsMax = 8
const noticeBytesMax = 4096

/**
 * What a replica does after a committed change, so that its memory holds no older state, the others do too. A notice
 * holds no state and is trusted for none: who hears it reads the database. One that is lost makes nothing wrong, only a
 * second late: nothing is remembered for longer, what was revoked and the keys are read that often anyway.
 */
export class ChangeNotices {
  readonly #bus: Pick<ReplicaBus, 'publish'>
  readonly #hearers = new Map<string, (ids: string[]) => void>()
  readonly #stopListening: () => void

  constructor(bus: Pick<ReplicaBus, 'publish' | 'listen'>) {
    this.#bus = bus
    this.#stopListening = bus.listen(noticeTopic, (message) => this.#hear(message))
  }

  /** @param hear called with what another replica told. @returns what tells the others */
  on<Ids extends readonly string[]>(name: string, hear: (...ids: Ids) => void): Tell<Ids> {
    if (this.#hearers.has(name)) throw new Error(`notices named ${name} are heard already`)
    this.#hearers.set(name, (ids) => {
      if (ids.length === hear.length) Reflect.apply(hear, undefined, ids)
    })
    return (...ids) => this.#bus.publish(noticeTopic, Buffer.from(JSON.stringify([name, ...ids])))
  }

  /** As `on`, for what is to be done here, too: at once, and before the others are told. */
  share<Ids extends readonly string[]>(name: string, apply: (...ids: Ids) => void): Tell<Ids> {
    const tell = this.on(name, apply)
    return (...ids) => {
      apply(...ids)
      tell(...ids)
    }
  }

  close(): void {
    this.#stopListening()
  }

  /** What a later version tells, and this one does not know, is no concern of its. */
  #hear(message: Uint8Array): void {
    const notice = parseNotice(message)
    if (notice === undefined) return
    const [name, ...ids] = notice
    this.#hearers.get(name)?.(ids)
  }
}

function parseNotice(message: Uint8Array): [string, ...string[]] | undefined {
  if (message.byteLength > noticeBytesMax) return undefined
  const parsed = parseJson(Buffer.from(message).toString('utf8'))
  if (!Array.isArray(parsed) || parsed.length > idsMax + 1) return undefined
  const [name, ...ids]: unknown[] = parsed
  if (typeof name !== 'string' || !ids.every((id) => typeof id === 'string')) return undefined
  return [name, ...ids]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
