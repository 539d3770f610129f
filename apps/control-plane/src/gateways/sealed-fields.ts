/** What of a gateway's Kubernetes enrolment is encrypted at rest. */
export type SealedField = 'ca-cert' | 'token-reviewer-jwt'

/** The place that the ciphertext is made for. */
export function sealedFieldContext(field: SealedField, gatewayId: string): string {
  return `gateways/${gatewayId}/kubernetes-auth/${field}`
}
