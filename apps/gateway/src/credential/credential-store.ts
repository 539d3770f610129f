import type { CredentialRecord } from './credential.ts'

/**
 * One record, in one place, that several processes may share. Writing names the revision that was read, so that of
 * two processes that start together one wins and the other learns of it. `credential-store.conformance.ts` pins this.
 */
export interface CredentialStore {
  /** For messages: `the Secret postern/postern-gateway`. */
  readonly place: string
  /** Rejects with `CredentialStoreError`. */
  read(): Promise<StoredRecord>
  /** `conflict`: the record is no longer what `revision` names, and stays as it is. Rejects as `read` does. */
  write(record: CredentialRecord, revision: string): Promise<'written' | 'conflict'>
}

export interface StoredRecord {
  /** Undefined: the place is empty. */
  record: CredentialRecord | undefined
  revision: string
}

export class CredentialStoreError extends Error {
  override name = 'CredentialStoreError'
  readonly #isPassing: boolean

  /** `message` says what is wrong and what to do about it; never what is stored. */
  constructor(message: string, options: { isPassing: boolean }) {
    super(message)
    this.#isPassing = options.isPassing
  }

  shouldRetry(): boolean {
    return this.#isPassing
  }
}
