import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

const requirements = join(import.meta.dirname, 'requirements.txt')

/** The fuzzer in an environment of its own below node_modules, installed once for each version; its program. */
export async function installSchemathesis(): Promise<string> {
  const version = (await readFile(requirements, 'utf8')).trim().replace('==', '-')
  const folder = join(import.meta.dirname, '../node_modules/.cache', version)
  const program = join(folder, 'bin/schemathesis')
  if (existsSync(program)) return program
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const isInstalled =
    (await runProgram('python3', ['-m', 'venv', folder])) === 0 &&
    (await runProgram(join(folder, 'bin/pip'), ['install', '--quiet', '--requirement', requirements])) === 0
  if (isInstalled) return program
  await rm(folder, { recursive: true, force: true })
  throw new Error(
    'The fuzzer cannot be installed: it needs python3 with venv, and a registry of Python packages',
  )
}
