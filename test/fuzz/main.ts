/**
 * `pnpm fuzz:api`: schemathesis against a control plane of its own, by the OpenAPI document that it serves, with an
 * administrator's token. No 500, no status that the document does not name, no reply that is not of its schema.
 * The last line is one of JSON with the figures.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { startTestControlPlane } from '../e2e/test-control-plane.ts'
import { bootstrap } from '../processes/platform.ts'
import { installSchemathesis } from './install-schemathesis.ts'
import { plantKnownThings } from './plant-known-things.ts'
import { runProgram } from './run-program.ts'

const { calls, seed } = new Command('fuzz:api')
  .option('--calls <count>', 'how many requests at least', '10000')
  .option('--seed <number>', 'the same requests each time', '20261122')
  .parse()
  .opts<{ calls: string; seed: string }>()

await using cleanup = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'postern-fuzz-'))
cleanup.defer(() => rm(folder, { recursive: true, force: true }))
const program = await installSchemathesis()
const controlPlane = await startTestControlPlane(folder, {
  POSTERN_READS_PER_MINUTE_PER_ACTOR: '0',
  POSTERN_WRITES_PER_MINUTE_PER_ACTOR: '0',
  POSTERN_SECRET_REQUESTS_PER_MINUTE_PER_ACTOR: '0',
})
cleanup.defer(() => controlPlane.close())
const { url } = controlPlane.process
const platform = await bootstrap(url)
const known = await plantKnownThings(platform)
const countsFile = join(folder, 'counts.json')
const document = await (await fetch(`${url}/api/docs/json`)).json()
const operations = countOperations(document)
// Some operations have fewer different requests than that.
const perOperation = Math.ceil((Number(calls) * 1.15) / operations)

const code = await runProgram(
  program,
  [
    'run',
    `${url}/api/docs/json`,
    '--checks',
    'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
    '--phases',
    'fuzzing',
    '--max-examples',
    String(perOperation),
    '--continue-on-failure',
    '--no-shrink',
    '--workers',
    '2',
    '--request-timeout',
    '20',
    '--generation-database',
    'none',
    '--suppress-health-check',
    'all',
    '--warnings',
    'off',
    '--seed',
    seed,
  ],
  {
    // Where it leaves what it found out about the server.
    cwd: folder,
    environment: {
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: import.meta.dirname,
      POSTERN_FUZZ_KNOWN: JSON.stringify(known),
      POSTERN_FUZZ_TOKEN: platform.adminToken,
      POSTERN_FUZZ_COUNTS: countsFile,
    },
  },
)
const counts = JSON.parse(await readFile(countsFile, 'utf8')) as {
  statuses: Record<string, number>
  serverErrors: string[]
}
const sent = Object.values(counts.statuses).reduce((sum, count) => sum + count, 0)
const alive = await platform.admin.get('/api/v1/identities/details')
const isWhole = sent >= Number(calls) && alive.status === 200
const ok = code === 0 && counts.serverErrors.length === 0 && isWhole
for (const error of counts.serverErrors) process.stdout.write(`${error}\n`)
process.stdout.write(
  `${JSON.stringify({ fuzz: 'api', operations, calls: sent, statuses: counts.statuses, ok })}\n`,
)
process.exitCode = ok ? 0 : 1

function countOperations(document: unknown): number {
  const paths = typeof document === 'object' && document !== null && 'paths' in document ? document.paths : {}
  return Object.values(paths ?? {}).reduce(
    (sum: number, methods) => sum + Object.keys(methods ?? {}).length,
    0,
  )
}
