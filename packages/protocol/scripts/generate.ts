// Makes src/gen/tunnel.js and .d.ts from src/tunnel.proto; with --check only says whether they are up to date.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const packageFolder = join(import.meta.dirname, '..')
const pbjs = createRequire(import.meta.url).resolve('protobufjs-cli/bin/pbjs')
const unused = [
  '--no-create',
  '--no-verify',
  '--no-convert',
  '--no-delimited',
  '--no-typeurl',
  '--no-service',
]
const names = ['tunnel.js', 'tunnel.d.ts']

async function generateInto(folder: string): Promise<void> {
  const out = join(folder, 'tunnel.js')
  const format = ['-t', 'static-module', '-w', 'esm', '-r', 'postern-tunnel', '-d', ...unused]
  await promisify(execFile)(process.execPath, [pbjs, ...format, '-o', out, 'src/tunnel.proto'], {
    cwd: packageFolder,
  })
}

/** The committed files that differ from what the proto would generate now. */
export async function staleFiles(): Promise<string[]> {
  const fresh = await mkdtemp(join(tmpdir(), 'postern-protocol-'))
  try {
    await generateInto(fresh)
    const stale = await Promise.all(
      names.map(async (name) => {
        const committed = await readFile(join(packageFolder, 'src/gen', name), 'utf8').catch(() => undefined)
        return committed === (await readFile(join(fresh, name), 'utf8')) ? [] : [`src/gen/${name}`]
      }),
    )
    return stale.flat()
  } finally {
    await rm(fresh, { recursive: true })
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = await staleFiles()
    if (stale.length > 0) {
      process.stderr.write(
        `out of date: ${stale.join(', ')}; run node packages/protocol/scripts/generate.ts\n`,
      )
      process.exitCode = 1
    }
  } else {
    await generateInto(join(packageFolder, 'src/gen'))
  }
}
