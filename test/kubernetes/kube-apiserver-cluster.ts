import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority, type ServingCertificate } from '@postern/testing/certificate-authority'
import { createClusterClient } from '@postern/testing/cluster-client'
import { jsonAt } from '@postern/testing/json-at'
import { connectToKubernetes, type SendKubernetesRequest } from '@postern/testing/kubernetes-request'
import { generateServiceAccountKey, type ServiceAccountKey } from '@postern/testing/service-account-token'
import type { TestCluster } from '@postern/testing/test-cluster'
import { findKubeApiServerAssets, type KubeApiServerAssets } from './kube-apiserver-assets.ts'
import { etcdCommand, kubeApiServerCommand } from './kube-apiserver-command.ts'
import { startWatchedProcesses, type WatchedProcesses } from './watched-processes.ts'

export { findKubeApiServerAssets } from './kube-apiserver-assets.ts'

export interface KubeApiServerOptions {
  /** By default what `findKubeApiServerAssets()` finds; it throws where there is nothing. */
  readonly assets?: KubeApiServerAssets
  /** By default `https://kubernetes.default.svc.cluster.local`, like most clusters in the world. */
  readonly issuer?: string
  /** How long it may take until it serves; by default 60 s. */
  readonly startWithinMs?: number
  /** Stops the opening. */
  readonly signal?: AbortSignal
}

/** A real kube-apiserver with its etcd, on loopback ports, with nothing of it left after `close()`. */
export interface KubeApiServer extends TestCluster {
  /** The administrator's kubeconfig (YAML), for kubectl and for a person. */
  kubeconfig(): string
  /** Of etcd and of kube-apiserver. */
  readonly processIds: readonly number[]
  /** Its files and logs; removed by `close()`, and whenever this process ends. */
  readonly folder: string
}

interface Prepared {
  readonly folder: string
  readonly adminToken: string
  readonly serviceAccountKey: ServiceAccountKey
  readonly caCert: string
}

const startsMax = 3

export async function startKubeApiServer(options: KubeApiServerOptions = {}): Promise<KubeApiServer> {
  const assets = options.assets ?? foundAssets()
  const { issuer = 'https://kubernetes.default.svc.cluster.local', startWithinMs = 60_000 } = options
  const deadline = performance.now() + startWithinMs
  for (let start = 1; ; start++) {
    const prepared = await prepareFolder()
    const [etcdClient, etcdPeer, kubeApiServer] = await freePorts()
    const command = {
      assets,
      issuer,
      folder: prepared.folder,
      audience: issuer,
      ports: { etcdClient, etcdPeer, kubeApiServer },
    }
    const processes = await startWatchedProcesses({
      folder: prepared.folder,
      processes: [etcdCommand(command), kubeApiServerCommand(command)],
    })
    const url = `https://127.0.0.1:${kubeApiServer}`
    try {
      const version = await waitUntilServing(url, prepared, processes, { deadline, signal: options.signal })
      return clusterOf({ url, version, issuer, prepared, processes })
    } catch (error) {
      await processes.close()
      // Somebody may have taken a port between the look for a free one and its use.
      if (!(error instanceof EndedAtStart && error.portTaken) || start === startsMax) throw error
    }
  }
}

class EndedAtStart extends Error {
  readonly portTaken: boolean

  constructor(name: string, log: string) {
    super(`${name} ended instead of serving:\n${log.split('\n').slice(-15).join('\n')}`)
    this.portTaken = log.includes('address already in use')
  }
}

function foundAssets(): KubeApiServerAssets {
  const found = findKubeApiServerAssets()
  if ('missing' in found) throw new Error(found.missing)
  return found
}

async function prepareFolder(): Promise<Prepared> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-kube-apiserver-'))
  const authority = await createCertificateAuthority('postern-test-kubernetes')
  const [serving, serviceAccountKey] = await Promise.all([authority.issue(), generateServiceAccountKey()])
  const adminToken = randomBytes(24).toString('base64url')
  await writeFiles(folder, serving, serviceAccountKey, adminToken)
  return { folder, adminToken, serviceAccountKey, caCert: authority.certificate }
}

async function writeFiles(
  folder: string,
  serving: ServingCertificate,
  key: ServiceAccountKey,
  adminToken: string,
): Promise<void> {
  const files = {
    'serving.crt': serving.certificate,
    'serving.key': serving.privateKey,
    'service-account.key': key.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    'service-account.pub': key.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    'tokens.csv': `${adminToken},admin,admin,system:masters\n`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
}

/** Three ports that nobody listens on at the moment. */
async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    }),
  )
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')))
  const [first = 0, second = 0, third = 0] = ports
  return [first, second, third]
}

/** Resolves with the server's version (`v1.20.2`) once it is ready and its bootstrap roles exist. */
async function waitUntilServing(
  url: string,
  prepared: Prepared,
  processes: WatchedProcesses,
  { deadline, signal }: { deadline: number; signal: AbortSignal | undefined },
): Promise<string> {
  const connection = connectToKubernetes({ url, caCert: prepared.caCert })
  try {
    while (!(await isServing(connection.send, prepared.adminToken))) {
      signal?.throwIfAborted()
      const ended = processes.endedByItself()
      if (ended !== undefined)
        throw new EndedAtStart(ended, await readFile(join(prepared.folder, `${ended}.log`), 'utf8'))
      if (performance.now() > deadline) throw new Error('kube-apiserver did not start in time')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const answer = await connection.send({ path: '/version', token: prepared.adminToken })
    return String(jsonAt(answer.json, 'gitVersion'))
  } finally {
    connection.close()
  }
}

async function isServing(send: SendKubernetesRequest, token: string): Promise<boolean> {
  try {
    const ready = await send({ path: '/readyz', token, timeoutMs: 2000 })
    if (ready.status !== 200) return false
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:auth-delegator'
    return (await send({ path: role, token, timeoutMs: 2000 })).status === 200
  } catch {
    // Nobody listens yet, or not for long enough to answer: the caller has the deadline.
    return false
  }
}

function clusterOf(started: {
  url: string
  version: string
  issuer: string
  prepared: Prepared
  processes: WatchedProcesses
}): KubeApiServer {
  const { url, version, issuer, prepared, processes } = started
  const { caCert, adminToken, serviceAccountKey, folder } = prepared
  const client = createClusterClient({
    name: `kube-apiserver ${version}`,
    url,
    caCert,
    adminToken,
    issuer,
    audiences: [issuer],
    serviceAccountKey,
    close: () => processes.close(),
  })
  return { ...client, folder, processIds: processes.processIds, kubeconfig: () => kubeconfigOf(client) }
}

function kubeconfigOf({ url, caCert, adminToken }: TestCluster): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: postern-test
    cluster:
      server: ${url}
      certificate-authority-data: ${Buffer.from(caCert).toString('base64')}
users:
  - name: admin
    user:
      token: ${adminToken}
contexts:
  - name: postern-test
    context:
      cluster: postern-test
      user: admin
current-context: postern-test
`
}
