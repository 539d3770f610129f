import type { RevocationMarker, RevocationSubject } from './revocation-store.ts'

/** What a revocation may hit. */
export interface RevocableToken {
  tokenId: string
  identityId: string
  authMethod: string
  organizationId: string
  /** Empty where no client secret led to the token. */
  clientSecretId: string
  createdAtMs: number
}

type MarkerTimes = Pick<RevocationMarker, 'revokedAtMs' | 'expiresAtMs'>
type WiderSubject = Exclude<RevocationSubject, { scope: 'token' }>

/** The markers that this process knows. Adding one twice changes nothing. */
export class RevocationSet {
  /**
   * Token ids, with the second in which the marker expires. Apart from the others and lean: clients that revoke after
   * each piece of work leave many.
   */
  readonly #tokens = new Map<string, number>()
  readonly #wider = new Map<string, MarkerTimes>()

  get size(): number {
    return this.#tokens.size + this.#wider.size
  }

  add(marker: RevocationMarker): void {
    if (marker.scope === 'token') {
      const expiresAt = Math.ceil(marker.expiresAtMs / 1000)
      this.#tokens.set(marker.tokenId, Math.max(expiresAt, this.#tokens.get(marker.tokenId) ?? 0))
      return
    }
    const key = keyOf(marker)
    const known = this.#wider.get(key)
    this.#wider.set(key, {
      revokedAtMs: Math.max(marker.revokedAtMs, known?.revokedAtMs ?? 0),
      expiresAtMs: Math.max(marker.expiresAtMs, known?.expiresAtMs ?? 0),
    })
  }

  covers(token: RevocableToken): boolean {
    const { tokenId, identityId, authMethod, organizationId, clientSecretId, createdAtMs } = token
    return (
      this.#tokens.has(tokenId) ||
      this.#isSince(createdAtMs, { scope: 'identity', identityId }) ||
      this.#isSince(createdAtMs, { scope: 'auth-method', identityId, authMethod }) ||
      (clientSecretId !== '' && this.#isSince(createdAtMs, { scope: 'client-secret', clientSecretId })) ||
      this.#isSince(createdAtMs, { scope: 'organization', organizationId })
    )
  }

  removeExpired(nowMs: number): void {
    for (const [tokenId, expiresAt] of this.#tokens) {
      if (expiresAt * 1000 <= nowMs) this.#tokens.delete(tokenId)
    }
    for (const [key, { expiresAtMs }] of this.#wider) if (expiresAtMs <= nowMs) this.#wider.delete(key)
  }

  #isSince(createdAtMs: number, subject: WiderSubject): boolean {
    const marker = this.#wider.get(keyOf(subject))
    return marker !== undefined && createdAtMs <= marker.revokedAtMs
  }
}

function keyOf(subject: WiderSubject): string {
  switch (subject.scope) {
    case 'identity':
      return `identity ${subject.identityId}`
    case 'auth-method':
      return `${subject.authMethod} ${subject.identityId}`
    case 'client-secret':
      return `client-secret ${subject.clientSecretId}`
    default:
      return `organization ${subject.organizationId}`
  }
}
