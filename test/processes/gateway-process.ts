import { fileURLToPath } from 'node:url'
import { findFreePort, startNodeProcess, waitUntilReady, type NodeProcess } from './node-process.ts'

const mainFile = fileURLToPath(new URL('../../apps/gateway/src/main.ts', import.meta.url))

export interface GatewayOptions {
  controlPlaneUrl: string
  kubernetesUrl: string
  /** A folder with `token`, `ca.crt` and `namespace`, as the kubelet gives it to a pod. */
  serviceAccountFolder: string
  /** `file:<path>` or `secret:<name>`. */
  credential: string
  /** Needed only the first time. */
  enrolmentToken?: string
  environment?: Record<string, string>
  /** Stops the opening. */
  signal?: AbortSignal
}

export interface GatewayProcess extends NodeProcess {
  /** Where `/livez`, `/readyz` and `/metrics` answer. */
  readonly healthUrl: string
}

/** Starts a gateway as its own process, as it would run in a pod; ready means that its tunnel is up. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const started = await spawnGateway(options)
  try {
    await waitUntilReady(started, `${started.healthUrl}/readyz`, { signal: options.signal })
  } catch (error) {
    await started.end('SIGKILL')
    throw error
  }
  return started
}

/** The same without waiting: for gateways that are expected to be refused. */
export async function spawnGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const port = await findFreePort()
  const started = startNodeProcess(mainFile, {
    POSTERN_URL: options.controlPlaneUrl,
    POSTERN_KUBERNETES_URL: options.kubernetesUrl,
    POSTERN_SERVICE_ACCOUNT_FOLDER: options.serviceAccountFolder,
    POSTERN_CREDENTIAL: options.credential,
    POSTERN_LISTEN: `127.0.0.1:${port}`,
    ...(options.enrolmentToken === undefined ? {} : { POSTERN_ENROLMENT_TOKEN: options.enrolmentToken }),
    ...options.environment,
  })
  return { ...started, healthUrl: `http://127.0.0.1:${port}` }
}
