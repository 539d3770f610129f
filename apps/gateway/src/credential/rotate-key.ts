import { createPublicKey, sign } from 'node:crypto'
import { rotationProofText } from '@postern/protocol'
import { withKey, type CredentialKeeper } from './credential-keeper.ts'
import type { BoundCredential, Credential } from './credential.ts'
import { CredentialStoreError, type CredentialStore } from './credential-store.ts'
import { createGatewayKey } from './gateway-key.ts'

// Another key for the same gateway, in steps of which each may be the last one of a process:
//
// 1. begin: the new key is in the store, beside the one in use, before its public half leaves the process. Who finds a
//    next key there announces that one: one key is announced, whichever process does it, and however often.
// 2. The caller announces it over a tunnel that the old key opened.
// 3. confirm: the control plane knows both. The new key is used, and replaces the old one in the store.
//    abandon: it was refused. The store forgets it. Without an answer neither is done: the next begin announces it again.

export type RotationStart =
  | { kind: 'announce'; publicKey: Uint8Array; proof: Uint8Array; keyId: string }
  /** Another process has rotated: the keeper has the new key, which is to open a tunnel first. */
  | { kind: 'superseded' }
  /** Not now: another process is at it, or the store is away. */
  | { kind: 'later'; reason: string }

export interface KeyRotation {
  /** How old the key in use is, in milliseconds; 0 where that is not known. */
  ageMs(): number
  /** @param keyId of the key that opened the tunnel that is to carry the announcement */
  begin(keyId: string): Promise<RotationStart>
  /** Never rejects; what cannot be stored now is stored later. */
  confirm(keyId: string): Promise<void>
  /** Never rejects. */
  abandon(keyId: string): Promise<void>
}

export interface KeyRotationOptions {
  store: CredentialStore
  keeper: CredentialKeeper
  now: () => Date
}

interface Announced {
  from: string
  credential: Credential
  /** Made here, not found. What another process may have announced already is not this one's to take away. */
  isOwn: boolean
}

export function createKeyRotation({ store, keeper, now }: KeyRotationOptions): KeyRotation {
  let announced: Announced | undefined

  async function begin(keyId: string): Promise<RotationStart> {
    await keeper.reread()
    if (keeper.current.keyId !== keyId) return { kind: 'superseded' }
    const { record, revision } = await store.read()
    if (record?.phase !== 'bound' || record.credential.keyId !== keyId) {
      return { kind: 'later', reason: `${store.place} does not hold the key in use` }
    }
    const next = record.next ?? createGatewayKey()
    const isOwn = record.next === undefined
    if (isOwn && (await store.write({ ...record, next }, revision)) === 'conflict') {
      return { kind: 'later', reason: 'another process writes at the same time' }
    }
    announced = { from: keyId, credential: withKey(keeper.current, next), isOwn }
    return announcementOf(keeper.current, announced.credential)
  }

  async function abandon({ credential }: Announced): Promise<void> {
    const { record, revision } = await store.read()
    if (record?.phase !== 'bound' || record.next === undefined) return
    if (withKey(record.credential, record.next).keyId !== credential.keyId) return
    const kept: BoundCredential = { phase: 'bound', credential: record.credential }
    // A conflict leaves it to the next rotation, which announces it again and is refused again.
    await store.write(kept, revision)
  }

  return {
    ageMs() {
      const { keySince } = keeper.current
      return keySince === undefined ? 0 : Math.max(0, now().getTime() - keySince.getTime())
    },
    begin: (keyId) => begin(keyId).catch((error: unknown) => ({ kind: 'later', reason: reasonOf(error) })),
    async confirm(keyId) {
      if (announced?.credential.keyId !== keyId) return
      const { credential, from } = announced
      announced = undefined
      await keeper.take({ ...credential, keySince: now() }, from)
    },
    async abandon(keyId) {
      if (announced?.credential.keyId !== keyId) return
      const refused = announced
      announced = undefined
      if (refused.isOwn) await abandon(refused).catch(reasonOf)
    },
  }
}

function announcementOf(current: Credential, next: Credential): RotationStart {
  const text = rotationProofText(current.gatewayId, current.keyId, next.keyId)
  const { x = '' } = createPublicKey(next.privateKey).export({ format: 'jwk' })
  return {
    kind: 'announce',
    keyId: next.keyId,
    publicKey: Buffer.from(x, 'base64url'),
    proof: sign(null, Buffer.from(text), next.privateKey),
  }
}

/** Rethrows what the store does not foresee. */
function reasonOf(error: unknown): string {
  if (error instanceof CredentialStoreError) return error.message
  throw error
}
