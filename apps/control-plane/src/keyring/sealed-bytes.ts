import { type KeyObject, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** The key does not fit, the place does not fit, or the bytes were changed; which of them cannot be told. */
export class UnreadableCiphertext extends Error {
  constructor() {
    super('A stored secret does not open: wrong key, wrong place, or changed bytes')
    this.name = 'UnreadableCiphertext'
  }
}

/*
 * Layout 1: 1 (1 byte) | nonce (12) | ciphertext | tag (16). Under a key that has no successors, or the first of them.
 * Layout 2: 2 (1 byte) | number of the key (4, big-endian) | nonce (12) | ciphertext | tag (16).
 * AES-256-GCM, NIST SP 800-38D; nonces are random, so one key may seal 2^32 messages. What stands before the nonce is
 * authenticated with the place.
 */
const nonceBytes = 12
const tagBytes = 16
const numberBytes = 4
const bareHeaderBytes = 1
const numberedHeaderBytes = 1 + numberBytes

/** Where a ciphertext belongs, such as `['organization', id, context]`; it opens nowhere else. */
export type SealPlace = readonly string[]

/**
 * @param key 32 bytes, as a KeyObject: three times faster than a Buffer
 * @param keyNumber which of an owner's keys it is; stands in the clear, so that a reader knows which to take
 */
export function sealBytes(
  key: KeyObject,
  place: SealPlace,
  plaintext: Buffer | string,
  keyNumber?: number,
): Buffer {
  const header = keyNumber === undefined ? Buffer.of(1) : numberedHeader(keyNumber)
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(associate(place, keyNumber))
  const first = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext)
  return Buffer.concat([header, nonce, first, cipher.final(), cipher.getAuthTag()])
}

/** @throws UnreadableCiphertext */
export function openSealedBytes(key: KeyObject, place: SealPlace, sealed: Buffer): Buffer {
  const isNumbered = sealed[0] === 2
  const headerBytes = isNumbered ? numberedHeaderBytes : bareHeaderBytes
  if (sealed.length < headerBytes + nonceBytes + tagBytes || (!isNumbered && sealed[0] !== 1)) {
    throw new UnreadableCiphertext()
  }
  const nonce = sealed.subarray(headerBytes, headerBytes + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(associate(place, isNumbered ? sealed.readUInt32BE(1) : undefined))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  const plaintext = decipher.update(sealed.subarray(headerBytes + nonceBytes, -tagBytes))
  try {
    const last = decipher.final()
    return last.length === 0 ? plaintext : Buffer.concat([plaintext, last])
  } catch {
    // What OpenSSL says tells nothing more.
    throw new UnreadableCiphertext()
  }
}

/** The number of the key that something was sealed with; 1 where it names none. */
export function keyNumberOf(sealed: Buffer): number {
  return sealed[0] === 2 && sealed.length >= numberedHeaderBytes ? sealed.readUInt32BE(1) : 1
}

/** What everything begins with that was sealed with the key of this number. */
export function numberedHeader(keyNumber: number): Buffer {
  const header = Buffer.alloc(numberedHeaderBytes)
  header[0] = 2
  header.writeUInt32BE(keyNumber, 1)
  return header
}

/** JSON, because it cannot be read in two ways whatever the parts hold. */
function associate(place: SealPlace, keyNumber: number | undefined): Buffer {
  return Buffer.from(JSON.stringify(keyNumber === undefined ? [1, ...place] : [2, keyNumber, ...place]))
}
