import type { IdentityStore, LastLogin } from './identity-store.ts'

export interface LastLoginRecorderOptions {
  store: Pick<IdentityStore, 'recordLastLogins'>
  logger: { warn(fields: object, message: string): void }
  /** Milliseconds between two writes. */
  intervalMs?: number
}

const defaultIntervalMs = 1000

/** Collects when identities last logged in and writes them once a second: a login itself costs no statement. */
export class LastLoginRecorder {
  readonly #store: LastLoginRecorderOptions['store']
  readonly #logger: LastLoginRecorderOptions['logger']
  readonly #timer: NodeJS.Timeout
  #pending = new Map<string, LastLogin>()
  #writing: Promise<void> = Promise.resolve()

  constructor({ store, logger, intervalMs = defaultIntervalMs }: LastLoginRecorderOptions) {
    this.#store = store
    this.#logger = logger
    this.#timer = setInterval(() => void this.flush(), intervalMs)
    this.#timer.unref()
  }

  record(identityId: string, authMethod: LastLogin['authMethod'], at: Date): void {
    this.#pending.set(identityId, { identityId, authMethod, at })
  }

  /** Resolves when what was recorded before is written, or was given back for the next time. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }

  async #write(): Promise<void> {
    const logins = this.#pending
    if (logins.size === 0) return
    this.#pending = new Map()
    try {
      await this.#store.recordLastLogins([...logins.values()])
    } catch (error) {
      this.#logger.warn({ err: error, identities: logins.size }, 'last logins not written; trying again')
      // What came in since is newer.
      this.#pending = new Map([...logins, ...this.#pending])
    }
  }
}
