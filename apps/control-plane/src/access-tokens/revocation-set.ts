import type { RevocationMarker, RevocationSubject } from './revocation-store.ts'

/** What a revocation may hit. */
export interface RevocableToken {
  tokenId: string
  identityId: string
  authMethod: string
  organizationId: string
  createdAtMs: number
}

type MarkerTimes = Pick<RevocationMarker, 'revokedAtMs' | 'expiresAtMs'>

/** The markers that this process knows. Adding one twice changes nothing. */
export class RevocationSet {
  readonly #markers = new Map<string, MarkerTimes>()

  get size(): number {
    return this.#markers.size
  }

  add(marker: RevocationMarker): void {
    const key = keyOf(marker)
    const known = this.#markers.get(key)
    this.#markers.set(key, {
      revokedAtMs: Math.max(marker.revokedAtMs, known?.revokedAtMs ?? 0),
      expiresAtMs: Math.max(marker.expiresAtMs, known?.expiresAtMs ?? 0),
    })
  }

  covers({ tokenId, identityId, authMethod, organizationId, createdAtMs }: RevocableToken): boolean {
    return (
      this.#markers.has(keyOf({ scope: 'token', tokenId })) ||
      this.#isSince(createdAtMs, keyOf({ scope: 'identity', identityId })) ||
      this.#isSince(createdAtMs, keyOf({ scope: 'auth-method', identityId, authMethod })) ||
      this.#isSince(createdAtMs, keyOf({ scope: 'organization', organizationId }))
    )
  }

  removeExpired(nowMs: number): void {
    for (const [key, { expiresAtMs }] of this.#markers) if (expiresAtMs <= nowMs) this.#markers.delete(key)
  }

  #isSince(createdAtMs: number, key: string): boolean {
    const marker = this.#markers.get(key)
    return marker !== undefined && createdAtMs <= marker.revokedAtMs
  }
}

function keyOf(named: RevocationSubject): string {
  switch (named.scope) {
    case 'token':
      return `token ${named.tokenId}`
    case 'identity':
      return `identity ${named.identityId}`
    case 'auth-method':
      return `${named.authMethod} ${named.identityId}`
    default:
      return `organization ${named.organizationId}`
  }
}
