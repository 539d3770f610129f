import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readKubernetesEnvironment } from './config.ts'
import { findKubeApiServerAssets, kubernetesCacheFolder } from './kube-apiserver-assets.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubernetes-assets-'))
})
afterEach(async () => rm(folder, { recursive: true }))

it('finds the binaries of envtest', async () => {
  for (const name of ['etcd', 'kube-apiserver']) await symlink('/bin/true', join(folder, name))
  const environment = readKubernetesEnvironment({ KUBEBUILDER_ASSETS: folder })
  const found = { kubeApiServer: join(folder, 'kube-apiserver'), etcd: join(folder, 'etcd') }
  expect(findKubeApiServerAssets(environment)).toEqual(found)
})

it('finds what the installer has made', async () => {
  const environment = readKubernetesEnvironment({ XDG_CACHE_HOME: folder })
  const cache = kubernetesCacheFolder(environment)
  expect(cache).toBe(join(folder, 'postern/kubernetes/1.20.2'))
  await mkdir(cache, { recursive: true })
  for (const name of ['etcd', 'kube-apiserver']) await symlink('/bin/true', join(cache, name))
  expect(findKubeApiServerAssets(environment)).toEqual({
    kubeApiServer: join(cache, 'kube-apiserver'),
    etcd: join(cache, 'etcd'),
  })
})

it('says which command makes it run', () => {
  const environment = readKubernetesEnvironment({ XDG_CACHE_HOME: folder })
  expect(findKubeApiServerAssets(environment)).toEqual({
    missing: expect.stringContaining('pnpm kubernetes:install'),
  })
})

it('looks nowhere else than where KUBEBUILDER_ASSETS points', async () => {
  await writeFile(join(folder, 'kube-apiserver'), 'not executable')
  const found = findKubeApiServerAssets(readKubernetesEnvironment({ KUBEBUILDER_ASSETS: folder }))
  expect(found).toEqual({ missing: expect.stringContaining('KUBEBUILDER_ASSETS') })
})
