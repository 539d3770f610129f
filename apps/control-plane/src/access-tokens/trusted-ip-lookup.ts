import type { AuthMethod } from './access-token-settings.ts'
import { type TrustedIp, compileTrustedIps } from './trusted-ips.ts'

/** The addresses that an identity trusts under one auth method; undefined when it no longer has that auth method. */
export type ReadTrustedIps = (
  identityId: string,
  authMethod: AuthMethod,
) => Promise<readonly TrustedIp[] | undefined>

export type AddressTrust = 'trusted' | 'not-trusted' | 'auth-method-gone'

interface Entry {
  readAtMs: number
  isTrusted: Promise<((clientIp: string) => boolean) | undefined>
}

const entriesMax = 10_000

/** Asks for the list as it is now, at most once a second for each identity and auth method. */
export class TrustedIpLookup {
  readonly #read: ReadTrustedIps
  readonly #maxAgeMs: number
  readonly #entries = new Map<string, Entry>()

  constructor(read: ReadTrustedIps, maxAgeMs = 1000) {
    this.#read = read
    this.#maxAgeMs = maxAgeMs
  }

  async trustOf(identityId: string, authMethod: AuthMethod, clientIp: string): Promise<AddressTrust> {
    const isTrusted = await this.#entryOf(identityId, authMethod).isTrusted
    if (isTrusted === undefined) return 'auth-method-gone'
    return isTrusted(clientIp) ? 'trusted' : 'not-trusted'
  }

  /** The list has changed: whoever asks from now on gets the new one. */
  invalidate(identityId: string, authMethod: AuthMethod): void {
    this.#entries.delete(keyOf(identityId, authMethod))
  }

  #entryOf(identityId: string, authMethod: AuthMethod): Entry {
    const key = keyOf(identityId, authMethod)
    const now = performance.now()
    const known = this.#entries.get(key)
    if (known !== undefined && now - known.readAtMs < this.#maxAgeMs) return known
    const isTrusted = this.#read(identityId, authMethod).then((list) => list && compileTrustedIps(list))
    const entry = { readAtMs: now, isTrusted }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#forgetOldest()
    isTrusted.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    return entry
  }

  #forgetOldest(): void {
    const oldest = this.#entries.keys().next()
    if (this.#entries.size > entriesMax && oldest.done !== true) this.#entries.delete(oldest.value)
  }
}

function keyOf(identityId: string, authMethod: AuthMethod): string {
  return `${authMethod} ${identityId}`
}
