import {
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto'

import { ReplayWindow } from './replay-window.ts'

/*
 * Layout: 1 (1 byte) | sender id (16) | number (8, big-endian) | ciphertext | tag (16).
 * AES-256-GCM, NIST SP 800-38D. Each process has an id of its own, made at random at its start, and from that and the
 * instance secret a key of its own (HKDF-SHA256, RFC 5869), so that a number that counts up is a nonce that nobody
 * else uses with this key.
 */
const layout = 1
const senderBytes = 16
const numberBytes = 8
const tagBytes = 16
const headerBytes = 1 + senderBytes + numberBytes
const nonceBytes = 12
/** Processes whose keys are kept: more than ever run at once. Who was heard of least recently goes first. */
const sendersMax = 256

export type OpenedMessage =
  | { kind: 'opened'; message: Uint8Array }
  /** Of this very process. */
  | { kind: 'own' }
  /** Not sealed with the instance secret, sealed for another place, or changed on the way. */
  | { kind: 'unreadable' }
  /** It was here before. */
  | { kind: 'replayed' }

interface Sender {
  key: KeyObject
  heard: ReplayWindow
}

/** Seals what this process says, and opens what others say who know the same secret. */
export class MessageSealer {
  /** In hexadecimal digits. */
  readonly senderId: string
  readonly #secret: KeyObject
  readonly #header: Buffer
  readonly #key: KeyObject
  readonly #senders = new Map<string, Sender>()
  #number = 0

  /** @param secret 32 bytes that every replica of the instance knows */
  constructor(secret: KeyObject, senderId: Buffer = randomBytes(senderBytes)) {
    this.#secret = secret
    this.senderId = senderId.toString('hex')
    this.#header = Buffer.concat([Buffer.of(layout), senderId])
    this.#key = deriveKey(secret, senderId)
  }

  /** @param place where the message goes, such as its subject: it opens nowhere else */
  seal(place: string, message: Uint8Array): Buffer {
    this.#number += 1
    const header = Buffer.alloc(headerBytes)
    this.#header.copy(header)
    header.writeBigUInt64BE(BigInt(this.#number), 1 + senderBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(header))
    cipher.setAAD(associate(header, place))
    return Buffer.concat([header, cipher.update(message), cipher.final(), cipher.getAuthTag()])
  }

  open(place: string, sealed: Uint8Array): OpenedMessage {
    if (sealed.length < headerBytes + tagBytes || sealed[0] !== layout) return { kind: 'unreadable' }
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
    const id = bytes.toString('hex', 1, 1 + senderBytes)
    if (id === this.senderId) return { kind: 'own' }
    const number = bytes.readBigUInt64BE(1 + senderBytes)
    if (number > BigInt(Number.MAX_SAFE_INTEGER)) return { kind: 'unreadable' }
    const known = this.#senders.get(id)
    const key = known?.key ?? deriveKey(this.#secret, bytes.subarray(1, 1 + senderBytes))
    const message = decrypt(key, place, bytes)
    if (message === undefined) return { kind: 'unreadable' }
    // Only now: nobody but who knows the secret adds a sender, or moves a sender's window.
    const sender = known ?? { key, heard: new ReplayWindow() }
    this.#senders.delete(id)
    this.#senders.set(id, sender)
    this.#forgetOldest()
    return sender.heard.accept(Number(number)) ? { kind: 'opened', message } : { kind: 'replayed' }
  }

  #forgetOldest(): void {
    const [oldest] = this.#senders.keys()
    if (this.#senders.size > sendersMax && oldest !== undefined) this.#senders.delete(oldest)
  }
}

function deriveKey(secret: KeyObject, senderId: Buffer): KeyObject {
  return createSecretKey(new Uint8Array(hkdfSync('sha256', secret, senderId, 'postern replica message', 32)))
}

function decrypt(key: KeyObject, place: string, sealed: Buffer): Buffer | undefined {
  const header = sealed.subarray(0, headerBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(header), { authTagLength: tagBytes })
  decipher.setAAD(associate(header, place))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  const message = decipher.update(sealed.subarray(headerBytes, -tagBytes))
  try {
    const last = decipher.final()
    return last.length === 0 ? message : Buffer.concat([message, last])
  } catch {
    // What OpenSSL says tells nothing more.
    return undefined
  }
}

function nonceOf(header: Buffer): Buffer {
  const nonce = Buffer.alloc(nonceBytes)
  header.copy(nonce, nonceBytes - numberBytes, 1 + senderBytes)
  return nonce
}

function associate(header: Buffer, place: string): Buffer {
  return Buffer.concat([header, Buffer.from(place)])
}
