import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto'

import { StartupProblem } from '../startup-problem.ts'
import { UnreadableCiphertext, openSealedBytes, sealBytes } from './sealed-bytes.ts'

/**
 * Encrypts secrets at rest. The context names the place that a ciphertext belongs to (`kubernetes-auth/<id>/ca-cert`):
 * it opens neither under another context nor for another organization.
 */
export interface Keyring {
  encryptFor(organizationId: string, context: string, plaintext: string): Promise<Buffer>
  /** @throws UnreadableCiphertext */
  decryptFor(organizationId: string, context: string, ciphertext: Buffer): Promise<string>
  /** For secrets of no organization. */
  encryptForInstance(context: string, plaintext: string): Buffer
  /** @throws UnreadableCiphertext */
  decryptForInstance(context: string, ciphertext: Buffer): string
  /** A new organization's key, wrapped by the root key: `organizations.wrapped_key`. */
  createOrganizationKey(): Buffer
  /**
   * The same keyring, which reads keys from another store: for a transaction its own, because one that waits for a second
   * connection may wait for those who wait for its first.
   */
  readingFrom(store: Pick<KeyringStore, 'readWrappedKey'>): Keyring
}

export interface KeyringStore {
  /** Undefined if there is no such organization. */
  readWrappedKey(organizationId: string): Promise<Buffer | undefined>
  /** Keeps `candidate` if nothing was kept before. @returns what is kept */
  keepRootKeyCheck(candidate: Buffer): Promise<Buffer>
}

const organizationKeyBytes = 32
const wrapPlace = ['organization-key']
const checkPlace = ['root-key-check']
const checkText = 'postern'
/** Unwrapped keys kept in memory; the oldest goes first. */
const keysMax = 10_000

/**
 * @throws StartupProblem if the database was made with another root key: going on would write secrets that the right
 * key cannot read.
 */
export async function openKeyring(rootKey: KeyObject, store: KeyringStore): Promise<Keyring> {
  await checkRootKey(rootKey, store)
  return keyringOf(rootKey, store, new Map())
}

/** @param keys unwrapped, by organization; shared by all who read, from whichever store */
function keyringOf(
  rootKey: KeyObject,
  store: Pick<KeyringStore, 'readWrappedKey'>,
  keys: Map<string, KeyObject>,
): Keyring {
  const reading = new Map<string, Promise<KeyObject>>()

  async function unwrap(organizationId: string): Promise<KeyObject> {
    const wrapped = await store.readWrappedKey(organizationId)
    if (wrapped === undefined) throw new UnreadableCiphertext()
    const key = createSecretKey(openSealedBytes(rootKey, wrapPlace, wrapped))
    keys.set(organizationId, key)
    const [oldest] = keys.keys()
    if (keys.size > keysMax && oldest !== undefined) keys.delete(oldest)
    return key
  }

  async function keyOf(organizationId: string): Promise<KeyObject> {
    const known = keys.get(organizationId)
    if (known !== undefined) return known
    const unwrapped =
      reading.get(organizationId) ??
      unwrap(organizationId).finally(() => {
        reading.delete(organizationId)
      })
    reading.set(organizationId, unwrapped)
    return unwrapped
  }

  return {
    encryptFor: async (organizationId, context, plaintext) =>
      sealBytes(await keyOf(organizationId), ['organization', organizationId, context], plaintext),
    decryptFor: async (organizationId, context, ciphertext) => {
      const key = await keyOf(organizationId)
      return openSealedBytes(key, ['organization', organizationId, context], ciphertext).toString('utf8')
    },
    encryptForInstance: (context, plaintext) => sealBytes(rootKey, ['instance', context], plaintext),
    decryptForInstance: (context, ciphertext) =>
      openSealedBytes(rootKey, ['instance', context], ciphertext).toString('utf8'),
    createOrganizationKey: () => sealBytes(rootKey, wrapPlace, randomBytes(organizationKeyBytes)),
    readingFrom: (other) => keyringOf(rootKey, other, keys),
  }
}

async function checkRootKey(rootKey: KeyObject, store: KeyringStore): Promise<void> {
  const kept = await store.keepRootKeyCheck(sealBytes(rootKey, checkPlace, checkText))
  try {
    openSealedBytes(rootKey, checkPlace, kept)
  } catch (error) {
    throw new StartupProblem(
      'The root key is not the one that this database was made with, so its secrets cannot be read. ' +
        'Set POSTERN_ROOT_KEY to that key, or restore the root-key file of the data folder; or use another database.',
      { cause: error },
    )
  }
}
