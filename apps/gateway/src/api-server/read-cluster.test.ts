import { X509Certificate } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { ExchangeOutcome } from '../http/exchange.ts'
import { ApiServerConnection } from './api-server-connection.ts'
import { createReadCluster, type ClusterReading } from './read-cluster.ts'
import { ServiceAccountFolder } from './service-account-folder.ts'

const reviewer = { namespace: 'postern', name: 'postern-gateway' }
let cluster: KubernetesStandIn
let readCluster: () => Promise<ClusterReading>
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  cluster = await startKubernetesStandIn({ issuer: 'https://tokens.example' })
  closing.push(() => cluster.close())
  await cluster.createServiceAccount(reviewer.namespace, reviewer.name)
  const folder = await createServiceAccountFolder({ cluster, ...reviewer })
  closing.push(() => folder.close())
  const now = (): number => performance.now()
  const account = new ServiceAccountFolder({ path: folder.path, now, onUnreadable: () => undefined })
  const connection = new ApiServerConnection({ url: cluster.url, account, now })
  closing.push(() => connection.close(0))
  readCluster = createReadCluster({ connection, account })
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})
afterEach(() => cluster.behave())

const hex = (digests: readonly Uint8Array[]): string[] =>
  digests.map((digest) => Buffer.from(digest).toString('hex'))

const fingerprintOf = (certificate: string): string =>
  new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()

it('is known by its root authority, its issuer and the keys of that, with no right beyond any account', async () => {
  const { cluster: read, isComplete } = await readCluster()
  expect(isComplete).toBe(true)
  expect(hex(read.rootCaSha256)).toEqual([fingerprintOf(cluster.caCert)])
  expect(read.tokenIssuer).toBe('https://tokens.example')
  expect(read.issuerKeySha256).toHaveLength(1)
  expect(read.issuerKeySha256[0]).toHaveLength(32)
})

it('is known by its root authority alone where the issuer may not be asked for', async () => {
  const { cluster: read, isComplete } = await reader(cluster.caCert, {}, 403)()
  expect(isComplete).toBe(true)
  expect(read).toMatchObject({ rootCaSha256: [expect.anything()], tokenIssuer: '', issuerKeySha256: [] })
})

it.each([
  { kind: 'refuse', code: 503 },
  { kind: 'reset' },
  { kind: 'huge-body' },
  { kind: 'refuse', code: 429 },
] as const)('T24: is not completely read when the API server answers by %j', async (how) => {
  cluster.misbehave({ on: 'openid', how })
  const { cluster: read, isComplete } = await readCluster()
  expect(isComplete).toBe(false)
  expect(read).toMatchObject({ rootCaSha256: [expect.anything()], tokenIssuer: '', issuerKeySha256: [] })
})

function reader(
  bundle: string,
  answers: Record<string, string>,
  status = 200,
): () => Promise<ClusterReading> {
  return createReadCluster({
    account: {
      current: () => ({
        token: 't',
        authorization: 'Bearer t',
        certificateAuthority: bundle,
        certificateAuthorityDigest: 'd',
      }),
    },
    connection: {
      async send({ path }): Promise<ExchangeOutcome> {
        return { kind: 'answer', status, headers: {}, body: answers[path] ?? '' }
      },
    },
  })
}

it('reads the same whatever the order of certificates and keys, and each once', async () => {
  const [first, second] = await Promise.all(['one', 'two'].map((name) => createCertificateAuthority(name)))
  const certificates = [first?.certificate ?? '', second?.certificate ?? '']
  const keys = ['AQ', 'Ag'].map((n) => ({ kty: 'RSA', e: 'AQAB', n }))
  const read = async (list: string[], keyList: object[]): Promise<ClusterReading> =>
    reader(list.join('\n'), { '/openid/v1/jwks': JSON.stringify({ keys: keyList }) })()
  const forwards = await read(certificates, keys)
  const backwards = await read(
    [...certificates, ...certificates].toReversed(),
    [...keys, ...keys].toReversed(),
  )
  expect(backwards).toEqual(forwards)
  expect(forwards.cluster.rootCaSha256).toHaveLength(2)
  expect(forwards.cluster.issuerKeySha256).toHaveLength(2)
})

it.each([
  ['HTML', '<html>'],
  ['null', 'null'],
  ['a list', '[]'],
  ['wrong types', '{"issuer":7,"keys":"none"}'],
  ['keys that are none', '{"keys":[null,7,{"kty":"oct","k":"AQ"}]}'],
  ['an issuer beyond reason', JSON.stringify({ issuer: 'x'.repeat(2000) })],
])('knows no issuer from %s', async (_, body) => {
  const { cluster: read } = await reader('no certificate', {
    '/openid/v1/jwks': body,
    '/.well-known/openid-configuration': body,
  })()
  expect(read).toEqual({ rootCaSha256: [], tokenIssuer: '', issuerKeySha256: [] })
})

it('holds no more than a frame does', async () => {
  const keys = Array.from({ length: 100 }, (_, index) => ({ kty: 'RSA', e: 'AQAB', n: `n${index}` }))
  const { cluster: read } = await reader('', { '/openid/v1/jwks': JSON.stringify({ keys }) })()
  expect(read.issuerKeySha256).toHaveLength(32)
})
