/**
 * `pnpm test`: every test that can run here, then what was not run and the one command that makes it run.
 * Words after it go to vitest: `pnpm test --project unit`, `pnpm test login`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findKubeApiServerAssets } from '@postern/test/kubernetes/assets'
import { findReplicaPrograms } from '@postern/test/processes/installed-programs'
import { describePrograms } from './describe-programs.ts'
import { runStep } from './run-step.ts'

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
  testResults: {
    name: string
    status: string
    message: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}

const failureLinesMax = 6

const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
const reportFile = join(folder, 'report.json')
const result = await runStep(
  [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { quiet: false },
)
const report = await readReport()
await rm(folder, { recursive: true, force: true })

const projects = projectsAskedFor(process.argv.slice(2))
const lines = describePrograms(projects, {
  databaseUrl: process.env['POSTERN_TEST_DATABASE_URL'],
  kubernetes: findKubeApiServerAssets(),
  replicas: findReplicaPrograms(),
  isRoot: process.geteuid?.() === 0,
})
if (report !== undefined) {
  const failed = report.numFailedTests + (report.numFailedTests === 0 && !result.ok ? 1 : 0)
  lines.unshift(...describeFailures(report))
  lines.push(`${report.numPassedTests} passed, ${failed} failed${skippedPart(report.numPendingTests)}`)
} else {
  lines.push('0 passed, 1 failed')
}
process.stdout.write(`\n${lines.join('\n')}\n`)
process.exitCode = result.ok ? 0 : 1

async function readReport(): Promise<VitestReport | undefined> {
  try {
    return JSON.parse(await readFile(reportFile, 'utf8')) as VitestReport
  } catch (error) {
    process.stdout.write(`vitest left no report: ${String(error)}\n`)
    return undefined
  }
}

/** What failed and why, once more: of a long log, often only the end is kept. */
function describeFailures({ testResults }: VitestReport): string[] {
  return testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0 && file.status === 'failed') return [`FAILED ${file.name}`, file.message]
    return failed.flatMap(({ fullName, failureMessages }) =>
      [`FAILED ${file.name}: ${fullName}`].concat(failureMessages.map(firstLines)),
    )
  })
}

function firstLines(message: string): string {
  return message.split('\n').slice(0, failureLinesMax).join('\n')
}

/** All of them, unless `--project` names some. */
function projectsAskedFor(args: readonly string[]): readonly string[] {
  const named = args.flatMap((arg, index) =>
    args[index - 1] === '--project' ? [arg] : arg.startsWith('--project=') ? [arg.slice(10)] : [],
  )
  return named.length === 0 ? ['unit', 'integration', 'kubernetes', 'compatibility'] : named
}

function skippedPart(skipped: number): string {
  return skipped === 0 ? '' : `, ${skipped} skipped`
}
