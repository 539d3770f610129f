import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClusterClient } from './cluster-client.ts'
import { jsonAt } from './json-at.ts'
import type { KubernetesRequest } from './kubernetes-request.ts'
import type { KubernetesStandInOptions } from './kubernetes-stand-in.ts'
import { readServiceAccountKey } from './service-account-token.ts'
import { countsPath, misbehavioursPath } from './stand-in/control-request.ts'
import type { MisbehaveOptions, RequestLabel } from './stand-in/misbehaviours.ts'
import type { TestCluster } from './test-cluster.ts'

/** The one line that the process prints. */
export type StandInProcessLine = Pick<
  TestCluster,
  'url' | 'caCert' | 'adminToken' | 'issuer' | 'audiences'
> & {
  /** PEM of the private key that signs the accounts' tokens. */
  readonly serviceAccountKey: string
}

/** As `KubernetesStandIn`, with its commands sent over the wire. */
export interface StandInProcess extends TestCluster {
  readonly processId: number
  misbehave(options: MisbehaveOptions): Promise<void>
  behave(): Promise<void>
  received(label: RequestLabel): Promise<number>
}

/** Starts the stand-in as a process of its own; it ends by `close()`, and whenever this process ends. */
export async function startStandInProcess(
  options: Pick<KubernetesStandInOptions, 'isLean'> = {},
): Promise<StandInProcess> {
  const script = fileURLToPath(new URL('kubernetes-stand-in-process.ts', import.meta.url))
  const child = spawn(process.execPath, options.isLean === true ? [script, '--lean'] : [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const failed = exited.then(() => Promise.reject(new Error('the stand-in process ended at its start')))
  const text = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed])
  const line: StandInProcessLine = JSON.parse(String(text[0]))
  const client = createClusterClient({
    ...line,
    name: 'stand-in',
    serviceAccountKey: readServiceAccountKey(line.serviceAccountKey),
    async close() {
      child.stdin.end()
      await exited
    },
  })

  async function command(request: KubernetesRequest): Promise<unknown> {
    const answer = await client.send({ token: line.adminToken, ...request })
    if (answer.status !== 200) throw new Error(`the stand-in answered ${answer.status} to ${request.path}`)
    return answer.json
  }

  return {
    ...client,
    processId: child.pid ?? 0,
    async misbehave(options) {
      await command({ method: 'POST', path: misbehavioursPath, body: options })
    },
    async behave() {
      await command({ method: 'DELETE', path: misbehavioursPath })
    },
    async received(label) {
      return Number(jsonAt(await command({ path: countsPath }), label) ?? 0)
    },
  }
}
