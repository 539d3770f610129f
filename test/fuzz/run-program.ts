import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs it to its end with its output as ours; the exit code. Of the environment it gets PATH, HOME and what is given. */
export async function runProgram(
  file: string,
  words: readonly string[],
  { cwd, environment = {} }: { cwd?: string; environment?: Readonly<Record<string, string>> } = {},
): Promise<number> {
  const { PATH = '', HOME = '', PIP_INDEX_URL, PIP_CONFIG_FILE, SSL_CERT_FILE } = process.env
  const pip = { PIP_INDEX_URL, PIP_CONFIG_FILE, SSL_CERT_FILE }
  const given = Object.fromEntries(Object.entries(pip).filter(([, value]) => value !== undefined))
  const child = spawn(file, words, {
    ...(cwd !== undefined && { cwd }),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { PATH, HOME, ...given, ...environment },
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
