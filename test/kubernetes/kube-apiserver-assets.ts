import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { readKubernetesEnvironment, type KubernetesEnvironment } from './config.ts'

/** The Kubernetes release that `pnpm kubernetes:install` builds. */
export const kubernetesVersion = '1.20.2'

export interface KubeApiServerAssets {
  readonly kubeApiServer: string
  readonly etcd: string
}

export interface MissingKubeApiServerAssets {
  /** Why there is no real API server to test with, and the command that makes it run. */
  readonly missing: string
}

/** Where the installer puts `kube-apiserver` and `etcd`. */
export function kubernetesCacheFolder(
  environment: KubernetesEnvironment = readKubernetesEnvironment(),
): string {
  return join(environment.cacheRoot, 'postern', 'kubernetes', kubernetesVersion)
}

/**
 * Looks for `kube-apiserver` and `etcd`: in `KUBEBUILDER_ASSETS` if that is set (and nowhere else then, so
 * that a mistyped path does not silently test another version), else in the cache, `etcd` also in /usr/bin.
 */
export function findKubeApiServerAssets(
  environment: KubernetesEnvironment = readKubernetesEnvironment(),
): KubeApiServerAssets | MissingKubeApiServerAssets {
  const folder = environment.assetsFolder ?? kubernetesCacheFolder(environment)
  const kubeApiServer = join(folder, 'kube-apiserver')
  const etcds = [join(folder, 'etcd'), ...(environment.assetsFolder === undefined ? ['/usr/bin/etcd'] : [])]
  const etcd = etcds.find(isExecutable)
  if (isExecutable(kubeApiServer) && etcd !== undefined) return { kubeApiServer, etcd }
  if (environment.assetsFolder !== undefined) {
    return {
      missing: `KUBEBUILDER_ASSETS is ${folder}, which holds no executable kube-apiserver and etcd; unset it and run: pnpm kubernetes:install`,
    }
  }
  return { missing: 'no kube-apiserver and etcd on this machine; run: pnpm kubernetes:install' }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
