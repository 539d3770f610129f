import { join } from 'node:path'
import type { KubeApiServerAssets } from './kube-apiserver-assets.ts'
import type { WatchedProcess } from './watched-processes.ts'

export interface KubeApiServerCommandOptions {
  readonly assets: KubeApiServerAssets
  /** Holds the files that the flags name; see kube-apiserver-cluster.ts. */
  readonly folder: string
  readonly issuer: string
  readonly audience: string
  readonly ports: { readonly etcdClient: number; readonly etcdPeer: number; readonly kubeApiServer: number }
}

/** etcd without flushes to disk: what is stored lives no longer than the test. */
export function etcdCommand({ assets, folder, ports }: KubeApiServerCommandOptions): WatchedProcess {
  const client = `http://127.0.0.1:${ports.etcdClient}`
  const peer = `http://127.0.0.1:${ports.etcdPeer}`
  return {
    name: 'etcd',
    command: assets.etcd,
    arguments: [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ],
  }
}

/** Only flags that every kube-apiserver from 1.20 on has: binaries of setup-envtest are newer. */
export function kubeApiServerCommand(options: KubeApiServerCommandOptions): WatchedProcess {
  const { assets, folder, issuer, audience, ports } = options
  return {
    name: 'kube-apiserver',
    command: assets.kubeApiServer,
    arguments: [
      `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${ports.kubeApiServer}`,
      `--tls-cert-file=${join(folder, 'serving.crt')}`,
      `--tls-private-key-file=${join(folder, 'serving.key')}`,
      `--cert-dir=${join(folder, 'certificates')}`,
      '--authorization-mode=RBAC',
      `--service-account-issuer=${issuer}`,
      `--service-account-signing-key-file=${join(folder, 'service-account.key')}`,
      `--service-account-key-file=${join(folder, 'service-account.pub')}`,
      `--api-audiences=${audience}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      // It would wait for a controller to make each namespace's default account.
      '--disable-admission-plugins=ServiceAccount',
      '--service-cluster-ip-range=10.0.0.0/24',
      // Loopback is no address that it would publish as its own endpoint.
      '--endpoint-reconciler-type=none',
    ],
  }
}
