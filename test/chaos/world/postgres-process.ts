// A PostgreSQL that ends when its parent does, even by SIGKILL: prints its URL on one line, and stops once its standard
// input closes. Leads a session of its own (see start-postgres.ts), so that a Ctrl-C at the terminal does not hit it.
import { startTestServer } from '../../../apps/control-plane/src/database/test/test-server.ts'

const server = await startTestServer()
process.stdin.once('close', () => void server.close().then(() => process.exit(0))).resume()
process.stdout.on('error', () => process.stdin.destroy())
process.stdout.write(`${server.url}\n`)
