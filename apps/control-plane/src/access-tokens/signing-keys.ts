import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { accessTokenLifetimeMaxSeconds } from './access-token-settings.ts'
import type { Clock } from './database-clock.ts'
import { createEd25519Signer, type Ed25519Signer } from './ed25519-signer.ts'
import type { NewSigningKey, PublicJwk, SigningKeyStore, StoredSigningKey } from './signing-key-store.ts'

export interface SigningKey {
  id: string
  /** The token's first part, the same for every token of this key. */
  encodedHeader: string
  sign: Ed25519Signer
  publicKey: KeyObject
  publicJwk: PublicJwk
  createdAtMs: number
}

/** A part of the keyring: secrets that belong to no organization. */
export interface InstanceKeyring {
  encryptForInstance(context: string, plaintext: string): Buffer
  decryptForInstance(context: string, ciphertext: Buffer): string
}

export interface SigningKeysOptions {
  store: SigningKeyStore
  keyring: InstanceKeyring
  clock: Clock
}

export interface DescribedSigningKey {
  id: string
  /** waiting: published, and signs later. verifying: a newer one signs. */
  state: 'waiting' | 'signing' | 'verifying'
  createdAtMs: number
  signsFromMs: number
  /** Null as long as no newer key has been added. */
  retiresAtMs: number | null
}

/** How long verifiers may keep the published keys; also how long a new key waits before it signs. */
export const publishedKeysMaxAgeSeconds = 300
/** Replicas read the keys every second, so each knows a key long before it signs. */
export const activationDelayMs = 2 * publishedKeysMaxAgeSeconds * 1000

/** Counted from the making of the next key: that begins to sign, and the last token of the one before it expires. */
const outlivedAfterMs = activationDelayMs + accessTokenLifetimeMaxSeconds * 1000

/**
 * The keys that access tokens are signed with.
 * 1. A key is published before it signs, for twice as long as verifiers may cache the key set; the very first key
 *    signs at once, since nobody can have cached a set without it.
 * 2. A key that a newer one has followed still verifies, until it is retired.
 * 3. A retired key verifies nothing, on each replica from its next reload on.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions
  #keys: readonly SigningKey[] = []
  #byEncodedHeader: ReadonlyMap<string, SigningKey> = new Map()

  private constructor(options: SigningKeysOptions) {
    this.#options = options
  }

  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = new SigningKeys(options)
    await keys.reload()
    if (keys.#keys.length > 0) return keys
    await options.store.addFirst(await createSigningKey(options.keyring))
    await keys.reload()
    return keys
  }

  /** The key to sign with now. */
  current(): SigningKey {
    const activeSinceMs = this.#options.clock.nowMs() - activationDelayMs
    const key = this.#keys.findLast(({ createdAtMs }) => createdAtMs <= activeSinceMs) ?? this.#keys[0]
    if (key === undefined) throw new Error('there is no signing key: every one of them has been retired')
    return key
  }

  /** The key whose header this is, to the byte: no header that Postern does not write itself is ever looked into. */
  findByEncodedHeader(encodedHeader: string): SigningKey | undefined {
    return this.#byEncodedHeader.get(encodedHeader)
  }

  /** RFC 7517 JWK set of all keys that verify. */
  published(): (PublicJwk & { kid: string; alg: 'EdDSA'; use: 'sig' })[] {
    return this.#keys.map(({ id, publicJwk }) => ({ ...publicJwk, kid: id, alg: 'EdDSA', use: 'sig' }))
  }

  /** Reads the keys that other replicas have added or retired. */
  async reload(): Promise<void> {
    const stored = await this.#options.store.list()
    const known = new Map(this.#keys.map((key) => [key.id, key]))
    this.#keys = stored.map((key) => known.get(key.id) ?? this.#open(key))
    this.#byEncodedHeader = new Map(this.#keys.map((key) => [key.encodedHeader, key]))
  }

  /** To be added to the store; it begins to sign after the delay. */
  createKey(): Promise<NewSigningKey> {
    return createSigningKey(this.#options.keyring)
  }

  /** All keys that verify, oldest first. */
  described(): DescribedSigningKey[] {
    const current = this.current()
    return this.#keys.map(({ id, createdAtMs }, index) => {
      const successor = this.#keys[index + 1]
      return {
        id,
        state: id === current.id ? 'signing' : createdAtMs > current.createdAtMs ? 'waiting' : 'verifying',
        createdAtMs,
        signsFromMs: index === 0 ? createdAtMs : createdAtMs + activationDelayMs,
        retiresAtMs: successor === undefined ? null : successor.createdAtMs + outlivedAfterMs,
      }
    })
  }

  /** Retires the keys that no living token was signed with. */
  async retireOutlived(): Promise<void> {
    const nowMs = this.#options.clock.nowMs()
    for (const { id, retiresAtMs } of this.described()) {
      if (retiresAtMs !== null && retiresAtMs < nowMs) await this.#options.store.retire(id)
    }
    await this.reload()
  }

  #open(stored: StoredSigningKey): SigningKey {
    const { id, publicJwk } = stored
    const pem = this.#options.keyring.decryptForInstance(contextOf(id), stored.privateKeyEncrypted)
    const privateKey = createPrivateKey(pem)
    const publicKey = createPublicKey(privateKey)
    const header = JSON.stringify({ alg: 'EdDSA', kid: id, typ: 'JWT' })
    const encodedHeader = Buffer.from(header).toString('base64url')
    return {
      id,
      encodedHeader,
      sign: createEd25519Signer(privateKey),
      publicKey,
      publicJwk,
      createdAtMs: stored.createdAt.getTime(),
    }
  }
}

async function createSigningKey(keyring: InstanceKeyring): Promise<NewSigningKey> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  if (x === undefined) throw new Error('an Ed25519 key without its public half')
  const publicJwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x }
  const id = await calculateJwkThumbprint(publicJwk)
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  return { id, publicJwk, privateKeyEncrypted: keyring.encryptForInstance(contextOf(id), pem) }
}

function contextOf(keyId: string): string {
  return `signing-key:${keyId}`
}
