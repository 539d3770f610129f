/**
 * `pnpm verify`: everything that must hold before a change lands, in the order in which it fails fastest.
 * `pnpm verify --without-tests` leaves the tests out.
 */
import { runStep } from './run-step.ts'

const checks: ReadonlyArray<{ name: string; command: readonly string[]; remedy: string }> = [
  { name: 'format', command: ['oxfmt', '--check', '.'], remedy: 'run `npx oxfmt .`' },
  { name: 'types', command: ['tsc', '-p', '.'], remedy: 'mend the types' },
  { name: 'lint, type-aware', command: ['oxlint'], remedy: 'mend the findings' },
  {
    name: 'import rules',
    command: [
      'depcruise',
      '--config',
      'dependency-rules.config.cjs',
      '--output-type',
      'err-long',
      'apps',
      'packages',
    ],
    remedy: 'each rule says what to do instead',
  },
  { name: 'dead code', command: ['knip'], remedy: 'remove what nothing uses' },
  {
    name: 'generated code is up to date',
    command: ['node', 'packages/protocol/scripts/generate.ts', '--check'],
    remedy: 'run `node packages/protocol/scripts/generate.ts`',
  },
  {
    name: 'documents name only files that exist',
    command: ['node', 'scripts/check-documents.ts'],
    remedy: 'mend the path in the document',
  },
]

const failed: string[] = []
for (const check of checks) {
  const result = await runStep(check.command, { quiet: true })
  process.stdout.write(`${result.ok ? 'ok    ' : 'FAILED'} ${check.name} (${result.seconds.toFixed(1)} s)\n`)
  if (!result.ok) {
    failed.push(check.name)
    process.stdout.write(`${result.output}\nremedy: ${check.remedy}\n`)
  }
}
if (!process.argv.includes('--without-tests')) {
  const result = await runStep(['node', 'scripts/test.ts'], { quiet: false })
  process.stdout.write(`${result.ok ? 'ok    ' : 'FAILED'} tests (${result.seconds.toFixed(1)} s)\n`)
  if (!result.ok) failed.push('tests')
}
process.stdout.write(
  failed.length === 0 ? 'verify: all checks hold\n' : `verify: failed: ${failed.join(', ')}\n`,
)
process.exitCode = failed.length === 0 ? 0 : 1
