/**
 * What the new key signs to take over from the old one: UTF-8, Ed25519. It binds the proof to this gateway and to both
 * keys, so that it proves possession of the new key and nothing else.
 */
export function rotationProofText(gatewayId: string, oldKeyId: string, newKeyId: string): string {
  return `postern.rotate-key.v1\n${gatewayId}\n${oldKeyId}\n${newKeyId}`
}
