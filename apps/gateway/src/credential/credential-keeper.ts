import type { BoundCredential, Credential } from './credential.ts'
import { CredentialStoreError, type CredentialStore } from './credential-store.ts'
import type { CredentialLog } from './obtain-credential.ts'
import { keyIdOf } from './gateway-key.ts'

// The credential of a running gateway, whose key rotates: by this process, or by another on the same store.
//
// 1. What the store holds is the truth, and is read again at each dial and every 30 s. Only a key that the control plane
//    has just taken in is ahead of it, until it could be stored.
// 2. A key is in the store, as the next one, before the control plane hears of it. So of the two keys in the store one
//    always opens a tunnel, whenever a process dies.
// 3. A key that is refused makes the keeper try the other one of the store, each once. The next key becomes the
//    credential only by a tunnel that it opened, or by the control plane's word (rotate-key.ts).

export interface CredentialKeeperOptions {
  store: CredentialStore
  /** As obtained at the start. */
  credential: Credential
  log: CredentialLog
}

/** Other processes may write in between; each of them once in a day. */
const writesMax = 5

export class CredentialKeeper {
  readonly #store: CredentialStore
  readonly #log: CredentialLog
  readonly #listeners = new Set<(credential: Credential) => void>()
  readonly #refused = new Set<string>()
  #current: Credential
  /** The key of the store that `#current` is to take over from, for as long as it has not. */
  #takesOverFrom: string | undefined
  /** `#current` is the next key of the store, and has not opened a tunnel yet. */
  #isTried = false
  #rereading: Promise<void> | undefined

  constructor({ store, credential, log }: CredentialKeeperOptions) {
    this.#store = store
    this.#log = log
    this.#current = credential
  }

  /** To sign the next dial with. */
  get current(): Credential {
    return this.#current
  }

  /** Told of each other key from now on; returns how to stop. */
  onChange(listener: (credential: Credential) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Takes what another process has stored, and stores what could not be stored before. Never rejects. */
  reread(): Promise<void> {
    this.#rereading ??= this.#reread().finally(() => {
      this.#rereading = undefined
    })
    return this.#rereading
  }

  /** The control plane has taken `next` in for the key `takesOverFrom`: it is used from now on, and stored. */
  async take(next: Credential, takesOverFrom: string): Promise<void> {
    this.#takesOverFrom = takesOverFrom
    this.#use(next)
    await this.#rereading
    await this.reread()
  }

  /** The control plane knows the key no longer. True: `current` has another key now, which is worth a dial. */
  async replaceRefused(keyId: string): Promise<boolean> {
    this.#refused.add(keyId)
    await this.reread()
    if (!this.#refused.has(this.#current.keyId)) return true
    const record = await this.#read()
    for (const candidate of record === undefined ? [] : candidatesOf(record)) {
      if (this.#refused.has(candidate.keyId)) continue
      this.#isTried = candidate.keyId !== record?.credential.keyId
      this.#log.warn({ keyId: candidate.keyId }, 'the key was refused; trying the other one that is stored')
      this.#use(candidate)
      return true
    }
    this.#isTried = false
    if (record !== undefined) this.#use(record.credential)
    return false
  }

  /** The key has opened a tunnel. */
  async proved(keyId: string): Promise<void> {
    this.#refused.clear()
    if (!this.#isTried || keyId !== this.#current.keyId) return
    this.#isTried = false
    const record = await this.#read()
    // Of no other key than the one that waits beside it: another process may have gone on to the key after this one.
    if (record?.next === undefined || keyIdOf(record.next) !== keyId) return
    await this.take(this.#current, record.credential.keyId)
  }

  async #reread(): Promise<void> {
    for (let writes = 0; writes < writesMax; writes += 1) {
      const record = await this.#read()
      if (record === undefined || this.#isTried) return
      const { credential } = record
      if (credential.keyId !== this.#takesOverFrom) {
        this.#takesOverFrom = undefined
        this.#use({ ...credential, controlPlaneOrigin: this.#current.controlPlaneOrigin })
        return
      }
      if (await this.#write(record)) return
    }
  }

  /** Whether the store needs no other look. */
  async #write(record: BoundCredential & { revision: string }): Promise<boolean> {
    try {
      const { controlPlaneOrigin } = record.credential
      const credential = { ...this.#current, controlPlaneOrigin }
      const written = await this.#store.write({ phase: 'bound', credential }, record.revision)
      if (written === 'conflict') return false
      this.#takesOverFrom = undefined
      this.#log.info({ keyId: credential.keyId }, `the new key is kept in ${this.#store.place}`)
    } catch (error) {
      this.#warn(error)
    }
    return true
  }

  async #read(): Promise<(BoundCredential & { revision: string }) | undefined> {
    try {
      const { record, revision } = await this.#store.read()
      return record?.phase === 'bound' ? { ...record, revision } : undefined
    } catch (error) {
      this.#warn(error)
      return undefined
    }
  }

  #use(credential: Credential): void {
    if (credential.keyId === this.#current.keyId) return
    this.#current = credential
    this.#log.info({ keyId: credential.keyId }, 'another key is used from now on')
    for (const listener of this.#listeners) listener(credential)
  }

  #warn(error: unknown): void {
    if (!(error instanceof CredentialStoreError)) throw error
    this.#log.warn(
      { reason: error.message },
      'the stored credential cannot be reached, going on with the known one',
    )
  }
}

/** The credential, and the one that it is to become. */
function candidatesOf({ credential, next }: BoundCredential): Credential[] {
  return next === undefined ? [credential] : [credential, withKey(credential, next)]
}

/** The same gateway by another key, of an age that is not known yet. */
export function withKey(credential: Credential, privateKey: Credential['privateKey']): Credential {
  const other = { ...credential, privateKey, keyId: keyIdOf(privateKey) }
  delete other.keySince
  return other
}
