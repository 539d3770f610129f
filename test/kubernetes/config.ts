import { homedir } from 'node:os'
import { join } from 'node:path'

/** What of the environment decides where the Kubernetes binaries are. */
export interface KubernetesEnvironment {
  /** Folder with `etcd` and `kube-apiserver`, as envtest lays it out (`KUBEBUILDER_ASSETS`). */
  readonly assetsFolder: string | undefined
  /** Where caches go: `$XDG_CACHE_HOME`, else `~/.cache`. */
  readonly cacheRoot: string
}

export function readKubernetesEnvironment(
  environment: NodeJS.ProcessEnv = process.env,
): KubernetesEnvironment {
  return {
    assetsFolder: environment['KUBEBUILDER_ASSETS'] || undefined,
    cacheRoot: environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  }
}

/**
 * The environment of the build: PATH with Debian's Go first, and nothing of the caller's Go settings
 * (GOFLAGS, GOROOT and the like change or break a build of this age).
 */
export function buildEnvironment(
  goBin: string,
  more: Record<string, string>,
  environment: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith('GO') && !name.startsWith('CGO'),
  )
  return { ...Object.fromEntries(kept), PATH: `${goBin}:${environment['PATH'] ?? '/usr/bin:/bin'}`, ...more }
}
