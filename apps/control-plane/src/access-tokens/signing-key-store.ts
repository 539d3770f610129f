/** RFC 8037: the public half of an Ed25519 key. */
export interface PublicJwk {
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
}

export interface NewSigningKey {
  /** RFC 7638 thumbprint of the public key. */
  id: string
  publicJwk: PublicJwk
  /** PKCS #8, encrypted under the instance's key. */
  privateKeyEncrypted: Buffer
}

export interface StoredSigningKey extends NewSigningKey {
  /** By the database's clock. */
  createdAt: Date
}

export interface SigningKeyStore {
  /** The keys that are not retired, oldest first. */
  list(): Promise<StoredSigningKey[]>
  /** Adds the key unless there is one already; of any number of simultaneous calls one adds. */
  addFirst(key: NewSigningKey): Promise<void>
  add(key: NewSigningKey): Promise<void>
  /** Adds the key if the newest is at least so old; of any number of simultaneous calls one adds. */
  addNext(key: NewSigningKey, newestAgeMsMin: number): Promise<boolean>
  /** From now on the key neither signs nor verifies. False when it is unknown or retired already. */
  retire(keyId: string): Promise<boolean>
}
