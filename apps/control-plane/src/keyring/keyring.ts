import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto'

import { StartupProblem } from '../startup-problem.ts'
import {
  type SealPlace,
  UnreadableCiphertext,
  keyNumberOf,
  openSealedBytes,
  sealBytes,
} from './sealed-bytes.ts'

/** A ciphertext, and the place that it was made for. */
export interface PlacedCiphertext {
  context: string
  ciphertext: Buffer
}

/**
 * Encrypts secrets at rest. The context names the place that a ciphertext belongs to (`kubernetes-auth/<id>/ca-cert`):
 * it opens neither under another context nor for another organization.
 *
 * An organization may have several keys, by number: the newest encrypts, each decrypts what it encrypted once.
 */
export interface Keyring {
  encryptFor(organizationId: string, context: string, plaintext: string): Promise<Buffer>
  /** @throws UnreadableCiphertext */
  decryptFor(organizationId: string, context: string, ciphertext: Buffer): Promise<string>
  /** In the order given; the keys are looked up once. @throws UnreadableCiphertext */
  decryptAllFor(organizationId: string, sealed: readonly PlacedCiphertext[]): Promise<string[]>
  /** For secrets of no organization. */
  encryptForInstance(context: string, plaintext: string): Buffer
  /** @throws UnreadableCiphertext */
  decryptForInstance(context: string, ciphertext: Buffer): string
  /** A new organization's key, wrapped by the root key: `organizations.wrapped_key`. Good for a successor too. */
  createOrganizationKey(): Buffer
  /** After a change of the organization's keys: they are read again before they are next used. */
  forgetKeysOf(organizationId: string): void
  /**
   * The same keyring, which reads keys from another store: for a transaction its own, because one that waits for a second
   * connection may wait for those who wait for its first.
   */
  readingFrom(store: Pick<KeyringStore, 'readKeys'>): Keyring
}

/** Wrapped by the root key. */
export interface WrappedKeys {
  newest: number
  keys: readonly { number: number; wrapped: Buffer }[]
}

export interface KeyringStore {
  /** Undefined if there is no such organization. */
  readKeys(organizationId: string): Promise<WrappedKeys | undefined>
  /** Keeps `candidate` if nothing was kept before. @returns what is kept */
  keepRootKeyCheck(candidate: Buffer): Promise<Buffer>
  /** Puts in the place of each thing that the root key seals what `reseal` makes of it; all of them or none. */
  resealAll(reseal: (place: SealPlace, sealed: Buffer) => Buffer): Promise<void>
}

export interface KeyringOptions {
  /** Of before a change of the root key: opens what is still sealed with it. */
  previousRootKey?: KeyObject | undefined
  elapsedMs?: () => number
}

const organizationKeyBytes = 32
export const wrapPlace: SealPlace = ['organization-key']
export const rootKeyCheckPlace: SealPlace = ['root-key-check']
const checkText = 'postern'
/** Organizations whose unwrapped keys are kept in memory; the oldest goes first. */
const organizationsMax = 10_000
/** So long may this process encrypt under a key after another has made a newer one. */
const newestKeyMsMax = 1_000

export function instancePlace(context: string): SealPlace {
  return ['instance', context]
}

/**
 * With a previous root key, everything that it sealed is sealed again with the new one, before this resolves.
 * @throws StartupProblem if the database was made with another root key: going on would write secrets that the right
 * key cannot read.
 */
export async function openKeyring(
  rootKey: KeyObject,
  store: KeyringStore,
  { previousRootKey, elapsedMs = () => performance.now() }: KeyringOptions = {},
): Promise<Keyring> {
  const root = createRoot(rootKey, previousRootKey)
  await checkRootKey(root, store)
  if (previousRootKey !== undefined) await store.resealAll((place, sealed) => root.reseal(place, sealed))
  return keyringOf({ root, elapsedMs, known: new Map() }, store)
}

/** The root key, and the one before it as long as something may be sealed with that. */
interface Root {
  seal(place: SealPlace, plaintext: Buffer | string): Buffer
  /** @throws UnreadableCiphertext */
  open(place: SealPlace, sealed: Buffer): Buffer
  /** What neither key opens stays as it is. */
  reseal(place: SealPlace, sealed: Buffer): Buffer
}

function createRoot(rootKey: KeyObject, previous: KeyObject | undefined): Root {
  const seal = (place: SealPlace, plaintext: Buffer | string): Buffer => sealBytes(rootKey, place, plaintext)
  return {
    seal,
    open: (place, sealed) =>
      tryOpen(rootKey, place, sealed) ?? openSealedBytes(previous ?? rootKey, place, sealed),
    reseal: (place, sealed) => {
      if (previous === undefined || tryOpen(rootKey, place, sealed) !== undefined) return sealed
      const plaintext = tryOpen(previous, place, sealed)
      return plaintext === undefined ? sealed : seal(place, plaintext)
    },
  }
}

function tryOpen(key: KeyObject, place: SealPlace, sealed: Buffer): Buffer | undefined {
  try {
    return openSealedBytes(key, place, sealed)
  } catch (error) {
    if (error instanceof UnreadableCiphertext) return undefined
    throw error
  }
}

interface OrganizationKeys {
  newest: number
  byNumber: ReadonlyMap<number, KeyObject>
  readAtMs: number
}

interface KeyringState {
  root: Root
  elapsedMs: () => number
  /** Unwrapped, by organization; shared by all who read, from whichever store. */
  known: Map<string, OrganizationKeys>
}

function keyringOf(state: KeyringState, store: Pick<KeyringStore, 'readKeys'>): Keyring {
  const { root } = state
  const keys = createKeyReader(state, store)

  async function decryptAllFor(
    organizationId: string,
    sealed: readonly PlacedCiphertext[],
  ): Promise<string[]> {
    const byNumber = await keys.holding(
      organizationId,
      sealed.map(({ ciphertext }) => keyNumberOf(ciphertext)),
    )
    return sealed.map(({ context, ciphertext }) => {
      const key = byNumber.get(keyNumberOf(ciphertext))
      if (key === undefined) throw new UnreadableCiphertext()
      return openSealedBytes(key, placeOf(organizationId, context), ciphertext).toString('utf8')
    })
  }

  return {
    encryptFor: async (organizationId, context, plaintext) => {
      const { number, key } = await keys.newest(organizationId)
      return sealBytes(key, placeOf(organizationId, context), plaintext, number)
    },
    decryptFor: async (organizationId, context, ciphertext) => {
      const [text] = await decryptAllFor(organizationId, [{ context, ciphertext }])
      if (text === undefined) throw new UnreadableCiphertext()
      return text
    },
    decryptAllFor,
    encryptForInstance: (context, plaintext) => root.seal(instancePlace(context), plaintext),
    decryptForInstance: (context, ciphertext) =>
      root.open(instancePlace(context), ciphertext).toString('utf8'),
    createOrganizationKey: () => root.seal(wrapPlace, randomBytes(organizationKeyBytes)),
    forgetKeysOf: (organizationId) => void state.known.delete(organizationId),
    readingFrom: (other) => keyringOf(state, other),
  }
}

function placeOf(organizationId: string, context: string): SealPlace {
  return ['organization', organizationId, context]
}

interface KeyReader {
  newest(organizationId: string): Promise<{ number: number; key: KeyObject }>
  /** Read again if one of the numbers is not known yet: another process made it. */
  holding(organizationId: string, numbers: readonly number[]): Promise<ReadonlyMap<number, KeyObject>>
}

function createKeyReader(
  { root, elapsedMs, known }: KeyringState,
  store: Pick<KeyringStore, 'readKeys'>,
): KeyReader {
  const reading = new Map<string, Promise<OrganizationKeys>>()

  async function unwrap(organizationId: string): Promise<OrganizationKeys> {
    const readAtMs = elapsedMs()
    const wrapped = await store.readKeys(organizationId)
    if (wrapped === undefined) throw new UnreadableCiphertext()
    const unwrapped = wrapped.keys.map(
      ({ number, wrapped: key }) => [number, createSecretKey(root.open(wrapPlace, key))] as const,
    )
    const keys = { newest: wrapped.newest, byNumber: new Map(unwrapped), readAtMs }
    known.delete(organizationId)
    known.set(organizationId, keys)
    const [oldest] = known.keys()
    if (known.size > organizationsMax && oldest !== undefined) known.delete(oldest)
    return keys
  }

  function read(organizationId: string): Promise<OrganizationKeys> {
    const under = reading.get(organizationId)
    if (under !== undefined) return under
    const unwrapped = unwrap(organizationId).finally(() => {
      reading.delete(organizationId)
    })
    reading.set(organizationId, unwrapped)
    return unwrapped
  }

  return {
    newest: async (organizationId) => {
      const held = known.get(organizationId)
      const isFresh = held !== undefined && elapsedMs() - held.readAtMs < newestKeyMsMax
      const { newest, byNumber } = isFresh ? held : await read(organizationId)
      const key = byNumber.get(newest)
      if (key === undefined) throw new UnreadableCiphertext()
      return { number: newest, key }
    },
    holding: async (organizationId, numbers) => {
      const held = known.get(organizationId)
      const isEnough = held !== undefined && numbers.every((number) => held.byNumber.has(number))
      return (isEnough ? held : await read(organizationId)).byNumber
    },
  }
}

async function checkRootKey(root: Root, store: KeyringStore): Promise<void> {
  const kept = await store.keepRootKeyCheck(root.seal(rootKeyCheckPlace, checkText))
  try {
    root.open(rootKeyCheckPlace, kept)
  } catch (error) {
    throw new StartupProblem(
      'The root key is not the one that this database was made with, so its secrets cannot be read. ' +
        'Set POSTERN_ROOT_KEY to that key, or restore the root-key file of the data folder; or use another database. ' +
        'To change the root key, give the old one as POSTERN_PREVIOUS_ROOT_KEY.',
      { cause: error },
    )
  }
}
