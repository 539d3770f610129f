import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MintTokenOptions, TestCluster } from './test-cluster.ts'

export interface ServiceAccountFolderOptions extends MintTokenOptions {
  readonly cluster: Pick<TestCluster, 'caCert' | 'mintToken'>
  /** Made if missing; by default a new folder in the system's temporary one. */
  readonly path?: string
}

export interface ServiceAccountFolder {
  /** Holds `token`, `ca.crt` and `namespace`, as /var/run/secrets/kubernetes.io/serviceaccount does in a pod. */
  readonly path: string
  /** Puts a new token in place, or the given contents, the way the kubelet does; resolves with the token. */
  rotate(contents?: { token?: string; caCert?: string }): Promise<string>
  /** Removes the folder. */
  close(): Promise<void>
}

/**
 * The folder that a pod finds its own token in. Files are links into `..data`, itself a link to a dated folder: a
 * rotation writes a new dated folder and renames a new `..data` over the old one, so readers see all of the old or
 * all of the new. Source: Kubernetes, pkg/volume/util/atomic_writer.go.
 */
export async function createServiceAccountFolder(
  options: ServiceAccountFolderOptions,
): Promise<ServiceAccountFolder> {
  const { cluster, path: wantedPath, ...account } = options
  const path = wantedPath ?? (await mkdtemp(join(tmpdir(), 'service-account-')))
  await mkdir(path, { recursive: true })

  async function write(contents: { token?: string; caCert?: string } = {}): Promise<string> {
    const token = contents.token ?? (await cluster.mintToken(account))
    const caCert = contents.caCert ?? cluster.caCert
    await replaceContents(path, { token, 'ca.crt': caCert, namespace: account.namespace })
    return token
  }

  await write()
  for (const name of ['token', 'ca.crt', 'namespace']) await symlink(join('..data', name), join(path, name))
  return { path, rotate: write, close: () => rm(path, { recursive: true, force: true }) }
}

async function replaceContents(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  const previous = await readlink(join(path, '..data')).catch(() => undefined)
  const dated = await mkdtemp(join(path, `..${new Date().toISOString().replaceAll(/[:.]/g, '_')}.`))
  for (const [name, text] of Object.entries(files)) await writeFile(join(dated, name), text, { mode: 0o600 })
  await symlink(dated.slice(path.length + 1), join(path, '..data_tmp'))
  await rename(join(path, '..data_tmp'), join(path, '..data'))
  if (previous !== undefined) await rm(join(path, previous), { recursive: true, force: true })
}
