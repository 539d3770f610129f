// The stand-in as a process of its own, for load that should not share an event loop with what is measured. Prints
// one line of JSON (StandInProcessLine) when it serves; ends on SIGTERM, and when its standard input closes, so that
// it never outlives whoever started it.
import { startKubernetesStandIn } from './kubernetes-stand-in.ts'
import type { StandInProcessLine } from './stand-in-process.ts'

const standIn = await startKubernetesStandIn({ isLean: process.argv.includes('--lean') })
const { url, caCert, adminToken, issuer, audiences, serviceAccountKey } = standIn
const line: StandInProcessLine = { url, caCert, adminToken, issuer, audiences, serviceAccountKey }
process.stdout.write(`${JSON.stringify(line)}\n`)

const end = (): void => void standIn.close().then(() => process.exit(0))
process.once('SIGTERM', end)
process.stdin.once('close', end).resume()
