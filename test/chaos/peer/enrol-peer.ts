import { createPrivateKey, type KeyObject } from 'node:crypto'
import { createGatewayKey, publicKeyTextOf } from '../../../apps/gateway/src/credential/gateway-key.ts'
import { createGateway, type Platform } from '../../processes/platform.ts'
import { createPosternApi, expectOk, textAt } from '../../processes/postern-api.ts'

/** What a gateway signs its dials with; can be sent to another process. */
export interface PeerCredential {
  gatewayId: string
  keyId: string
  /** PKCS#8 PEM of the Ed25519 key. */
  privateKey: string
}

/** A gateway that the control plane knows, with a key of its own, enrolled as every gateway is. */
export async function enrolPeer(platform: Platform, name: string): Promise<PeerCredential> {
  const { gatewayId, enrolmentToken } = await createGateway(platform, name)
  const key = createGatewayKey()
  const body = expectOk(
    await createPosternApi(platform.admin.url).post('/api/v3/gateways/token-auth/enroll', {
      token: enrolmentToken,
      publicKey: publicKeyTextOf(key),
    }),
  )
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { gatewayId, keyId: textAt(body, 'keyId'), privateKey }
}

/** Many, some at a time. */
export async function enrolPeers(
  platform: Platform,
  prefix: string,
  count: number,
): Promise<PeerCredential[]> {
  const peers: PeerCredential[] = []
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
  const enrolRest = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      peers.push(await enrolPeer(platform, name))
    }
  }
  await Promise.all(Array.from({ length: 8 }, enrolRest))
  return peers
}

export function privateKeyOf(credential: PeerCredential): KeyObject {
  return createPrivateKey(credential.privateKey)
}
