import { createHash, X509Certificate } from 'node:crypto'
import { protocolLimits } from '@postern/protocol'
import type { ApiServerConnection } from './api-server-connection.ts'
import { publicKeyThumbprint } from './public-key-thumbprint.ts'
import { ServiceAccountUnreadable, type ServiceAccountFolder } from './service-account-folder.ts'

/** By what a cluster is told from another. Lists are sorted, so that the same cluster reads the same. */
export interface Cluster {
  /** SHA-256 of each certificate of the root authorities, DER. */
  rootCaSha256: readonly Uint8Array[]
  /** Empty: the API server did not say. */
  tokenIssuer: string
  /** RFC 7638 thumbprints of the keys that the issuer publishes. */
  issuerKeySha256: readonly Uint8Array[]
}

export interface ClusterReading {
  cluster: Cluster
  /** False: the API server gave no answer about its issuer; another try may. A refusal is an answer. */
  isComplete: boolean
}

export interface ReadClusterOptions {
  connection: Pick<ApiServerConnection, 'send'>
  account: Pick<ServiceAccountFolder, 'current'>
}

const timeoutMs = 5_000
// Source: Kubernetes docs, "Service account issuer discovery". The keys are asked for here, whatever the discovery
// document names: nothing but the API server is ever dialled.
const discoveryPath = '/.well-known/openid-configuration'
const keysPath = '/openid/v1/jwks'
/** The keys have a type of their own, and are refused (406) to whoever takes only JSON. */
const accept = 'application/json, application/jwk-set+json'
const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Every service account may read this (system:service-account-issuer-discovery). Where it may not, what is known. */
export function createReadCluster({
  connection,
  account,
}: ReadClusterOptions): () => Promise<ClusterReading> {
  async function get(path: string): Promise<Record<string, unknown> | 'refused' | undefined> {
    const outcome = await connection.send({ method: 'GET', path, headers: { accept } }, { timeoutMs })
    if (outcome.kind === 'failure') return undefined
    if (outcome.status !== 200) {
      return outcome.status >= 500 || outcome.status === 429 ? undefined : 'refused'
    }
    return parseObject(outcome.body) ?? 'refused'
  }

  return async () => {
    try {
      const { certificateAuthority } = await account.current()
      const [discovery, keys] = await Promise.all([get(discoveryPath), get(keysPath)])
      return {
        cluster: {
          rootCaSha256: rootCaSha256Of(certificateAuthority),
          tokenIssuer: issuerOf(discovery),
          issuerKeySha256: thumbprintsOf(keys),
        },
        isComplete: discovery !== undefined && keys !== undefined,
      }
    } catch (error) {
      if (!(error instanceof ServiceAccountUnreadable)) throw error
      return { cluster: { rootCaSha256: [], tokenIssuer: '', issuerKeySha256: [] }, isComplete: false }
    }
  }
}

function rootCaSha256Of(bundle: string): Uint8Array[] {
  const digests = (bundle.match(certificateBlock) ?? []).flatMap((block) => {
    try {
      return [createHash('sha256').update(new X509Certificate(block).raw).digest()]
    } catch {
      // A block that is no certificate identifies no cluster, and TLS passes over it too.
      return []
    }
  })
  return sorted(digests, protocolLimits.rootCertificatesMax)
}

function issuerOf(discovery: Record<string, unknown> | 'refused' | undefined): string {
  if (typeof discovery !== 'object') return ''
  const { issuer } = discovery
  const isShort =
    typeof issuer === 'string' && Buffer.byteLength(issuer) <= protocolLimits.tokenIssuerBytesMax
  return isShort ? issuer : ''
}

function thumbprintsOf(keySet: Record<string, unknown> | 'refused' | undefined): Uint8Array[] {
  const keys: unknown = typeof keySet === 'object' ? keySet['keys'] : undefined
  if (!Array.isArray(keys)) return []
  return sorted(keys.flatMap(publicKeyThumbprint), protocolLimits.issuerKeysMax)
}

function sorted(digests: readonly Uint8Array[], most: number): Uint8Array[] {
  const unique = new Map(digests.map((digest) => [Buffer.from(digest).toString('hex'), digest]))
  return [...unique]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, digest]) => digest)
    .slice(0, most)
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? { ...json } : undefined
  } catch {
    return undefined
  }
}
