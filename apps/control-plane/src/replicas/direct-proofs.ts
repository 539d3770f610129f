import {
  type KeyObject,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'

/*
 * What a direct connection between two replicas begins with; `direct-messages.ts` has the lengths in front.
 *
 *   hello      caller → holder   version (1 byte) | nonce (32) | the caller's id, a space, the holder's id
 *   challenge  holder → caller   proof (32) | nonce (32)
 *   request    caller → holder   proof (32) | request
 *   answer     holder → caller   proof (32) | answer
 *
 * A proof is HMAC-SHA256 (RFC 2104) of the kind of its message and of what follows it, by a key that both derive for
 * this one connection (HKDF-SHA256, RFC 5869) from the instance secret, the whole hello and the holder's nonce. So
 * either side knows the secret now, means the other one, and said exactly this: nothing of another connection fits.
 */
const version = 1
const nonceBytes = 32
const proofBytes = 32
const idsAt = 1 + nonceBytes

export type ProvenKind = 'challenge' | 'request' | 'answer'

export interface Hello {
  callerId: string
  holderId: string
}

export function writeHello({ callerId, holderId }: Hello): Buffer {
  return Buffer.concat([Buffer.of(version), randomBytes(nonceBytes), Buffer.from(`${callerId} ${holderId}`)])
}

/** @returns undefined for what is none, or of another version */
export function readHello(message: Buffer): Hello | undefined {
  if (message[0] !== version || message.length <= idsAt) return undefined
  const [callerId, holderId, ...others] = message.toString('utf8', idsAt).split(' ')
  if (callerId === undefined || callerId === '' || holderId === undefined || others.length > 0)
    return undefined
  return { callerId, holderId }
}

export function createHolderNonce(): Buffer {
  return randomBytes(nonceBytes)
}

/** @returns the holder's nonce; undefined if the message cannot be a challenge */
export function nonceOfChallenge(message: Buffer): Buffer | undefined {
  return message.length === proofBytes + nonceBytes ? message.subarray(proofBytes) : undefined
}

/** Makes and checks the proofs of one connection, on either side. */
export class DirectProofs {
  readonly #key: KeyObject

  /** @param hello the whole message */
  constructor(secret: KeyObject, hello: Buffer, holderNonce: Buffer) {
    const salt = createHash('sha256').update(hello).update(holderNonce).digest()
    this.#key = createSecretKey(
      new Uint8Array(hkdfSync('sha256', secret, salt, 'postern direct connection', proofBytes)),
    )
  }

  /** @returns the message */
  prove(kind: ProvenKind, content: Uint8Array): Buffer {
    return Buffer.concat([this.#proofOf(kind, content), content])
  }

  /** @returns what the message holds; undefined if its proof is wrong */
  open(kind: ProvenKind, message: Buffer): Buffer | undefined {
    if (message.length < proofBytes) return undefined
    const content = message.subarray(proofBytes)
    return timingSafeEqual(message.subarray(0, proofBytes), this.#proofOf(kind, content))
      ? content
      : undefined
  }

  #proofOf(kind: ProvenKind, content: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(kind).update('\0').update(content).digest()
  }
}
