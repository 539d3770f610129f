import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto'

import type { Keyring } from './keyring.ts'

export interface InstanceSecretStore {
  /** Keeps `candidate` if nothing was kept before. @returns what is kept */
  keepInstanceSecret(candidate: Buffer): Promise<Buffer>
}

const context = 'instance-secret'
const secretBytes = 32

/**
 * 32 random bytes that all replicas of an instance know, and only they: what they say to each other is sealed with keys
 * derived from it. The first replica makes it.
 */
export async function openInstanceSecret(
  keyring: Pick<Keyring, 'encryptForInstance' | 'decryptForInstance'>,
  store: InstanceSecretStore,
): Promise<KeyObject> {
  const candidate = keyring.encryptForInstance(context, randomBytes(secretBytes).toString('base64'))
  const kept = await store.keepInstanceSecret(candidate)
  return createSecretKey(Buffer.from(keyring.decryptForInstance(context, kept), 'base64'))
}
