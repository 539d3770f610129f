/** What of an identity's Kubernetes Auth is encrypted at rest. */
export type SealedField = 'ca-cert' | 'token-reviewer-jwt'

/** The place that the ciphertext is made for. */
export function sealedFieldContext(field: SealedField, identityId: string): string {
  return `kubernetes-auth/${identityId}/${field}`
}
