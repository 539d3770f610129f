import { performance } from 'node:perf_hooks'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ApiServerConnection } from '../api-server/api-server-connection.ts'
import { ServiceAccountFolder } from '../api-server/service-account-folder.ts'
import { CredentialStoreError, type CredentialStore } from './credential-store.ts'
import { createSecretCredentialStore } from './credential-store-secret.ts'
import { boundRecord, describeCredentialStore } from './credential-store.conformance.ts'
import { describeKeyRotation } from './rotate-key.conformance.ts'

const account = { namespace: 'postern', name: 'postern-gateway' }
let cluster: KubernetesStandIn
let connection: ApiServerConnection
let secrets = 0
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  cluster = await startKubernetesStandIn()
  closing.push(() => cluster.close())
  await cluster.createServiceAccount(account.namespace, account.name)
  const folder = await createServiceAccountFolder({ cluster, ...account })
  closing.push(() => folder.close())
  const now = (): number => performance.now()
  const files = new ServiceAccountFolder({ path: folder.path, now, onUnreadable: () => undefined })
  connection = new ApiServerConnection({ url: cluster.url, account: files, now })
  closing.push(() => connection.close(0))
})
afterAll(async () => {
  for (const close of closing.toReversed()) await close()
})

async function makeSecret(): Promise<string> {
  const secretName = `credential-${(secrets += 1)}`
  await cluster.allowSecret({ namespace: account.namespace, serviceAccountName: account.name, secretName })
  return secretName
}

function open(name: string): CredentialStore {
  return createSecretCredentialStore({ connection, namespace: account.namespace, name })
}

for (const describeStore of [describeCredentialStore, describeKeyRotation]) {
  describeStore('a Secret', async () => {
    const name = await makeSecret()
    return { open: () => open(name), close: async () => undefined }
  })
}

it('keeps everything in one entry of the Secret', async () => {
  const name = await makeSecret()
  await open(name).write(boundRecord(), (await open(name).read()).revision)
  expect(Object.keys((await cluster.readSecret(account.namespace, name)) ?? {})).toEqual(['credential.json'])
})

it('refuses another Secret for good, and names the Role to apply', async () => {
  expect(await failureOf(open('not-ours'))).toEqual({
    message: expect.stringContaining('RoleBinding'),
    shouldRetry: false,
  })
})

it('refuses a Secret that does not exist for good, and names the manifest', async () => {
  const name = await makeSecret()
  const path = `/api/v1/namespaces/${account.namespace}/secrets/${name}`
  await cluster.send({ method: 'DELETE', path, token: cluster.adminToken })
  expect(await failureOf(open(name))).toEqual({
    message: expect.stringContaining('deploy/kubernetes/gateway.yaml'),
    shouldRetry: false,
  })
})

it('refuses an entry that is no credential for good, without repeating it', async () => {
  const name = await makeSecret()
  const data = { 'credential.json': Buffer.from('key-canary').toString('base64') }
  const path = `/api/v1/namespaces/${account.namespace}/secrets/${name}`
  const contentType = 'application/merge-patch+json'
  await cluster.send({ method: 'PATCH', path, token: cluster.adminToken, body: { data }, contentType })
  const failure = await failureOf(open(name))
  expect(failure).toEqual({ message: expect.stringContaining('remove that entry'), shouldRetry: false })
  expect(failure.message).not.toContain('canary')
})

it('asks for another try when the API server is away', async () => {
  const name = await makeSecret()
  await cluster.stop()
  expect(await failureOf(open(name))).toEqual({
    message: expect.stringContaining('no answer'),
    shouldRetry: true,
  })
  await cluster.start()
  expect((await open(name).read()).record).toBeUndefined()
})

/** What reading fails with; fails the test when it does not. */
async function failureOf(store: CredentialStore): Promise<{ message: string; shouldRetry: boolean }> {
  const error: unknown = await store.read().then(
    () => new Error('the store could be read'),
    (error: unknown) => error,
  )
  if (error instanceof CredentialStoreError)
    return { message: error.message, shouldRetry: error.shouldRetry() }
  throw error
}
