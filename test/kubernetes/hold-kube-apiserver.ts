// Starts an API server, says what it started in one line of JSON, and then only waits to be ended: for the tests of
// what remains then.
import { startKubeApiServer, type KubeApiServer } from './kube-apiserver-cluster.ts'

export type HeldKubeApiServer = Pick<KubeApiServer, 'processIds' | 'folder'>

const { processIds, folder } = await startKubeApiServer()
const held: HeldKubeApiServer = { processIds, folder }
process.stdout.write(`${JSON.stringify(held)}\n`)
setInterval(() => undefined, 60_000)
