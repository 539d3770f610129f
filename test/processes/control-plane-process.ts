import { fileURLToPath } from 'node:url'
import { findFreePort, startNodeProcess, waitUntilReady, type NodeProcess } from './node-process.ts'

const mainFile = fileURLToPath(new URL('../../apps/control-plane/src/main.ts', import.meta.url))

export interface ControlPlaneOptions {
  /** Where the embedded PostgreSQL and the root key live; left out when `databaseUrl` is given. */
  dataFolder?: string
  databaseUrl?: string
  rootKey?: string
  /** To come back on the port of a control plane that was stopped before. */
  port?: number
  environment?: Record<string, string>
  /** Stops the opening. */
  signal?: AbortSignal
}

export interface ControlPlaneProcess extends NodeProcess {
  readonly url: string
  readonly port: number
}

/** Starts the control plane as its own process on loopback and waits until it is ready. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlaneProcess> {
  const port = options.port ?? (await findFreePort())
  const url = `http://127.0.0.1:${port}`
  const started = startNodeProcess(mainFile, {
    POSTERN_LISTEN: `127.0.0.1:${port}`,
    POSTERN_URL: url,
    POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS: 'true',
    ...(options.dataFolder === undefined ? {} : { POSTERN_DATA_FOLDER: options.dataFolder }),
    ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
    ...(options.rootKey === undefined ? {} : { POSTERN_ROOT_KEY: options.rootKey }),
    ...options.environment,
  })
  try {
    await waitUntilReady(started, `${url}/readyz`, { signal: options.signal })
  } catch (error) {
    // Not killed: its PostgreSQL would outlive it.
    await started.end()
    throw error
  }
  return { ...started, url, port }
}
