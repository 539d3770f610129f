import { spawn } from 'node:child_process'

export interface ProgramCommand {
  file: string
  args: string[]
  /** Set when the program must run as another user; only root may. */
  uid?: number
  gid?: number
}

/** PostgreSQL's programs get nothing of our environment: it holds secrets, and locale variables that change output. */
export const programEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
} as const

export interface ProgramResult {
  succeeded: boolean
  /** Standard output and error, mixed; or why the program could not be started. At most 64 KiB. */
  output: string
}

const outputCharactersMax = 65_536

/** Runs a short program to its end. */
export function runProgram(command: ProgramCommand, cwd = '/'): Promise<ProgramResult> {
  const { file, args, ...account } = command
  return new Promise((resolve) => {
    let output = ''
    const collect = (chunk: Buffer): void => {
      if (output.length < outputCharactersMax) output += chunk.toString('utf8')
    }
    const child = spawn(file, args, {
      ...account,
      cwd,
      env: programEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ succeeded: false, output: `${output}${error.message}` }))
    child.on('close', (code) => resolve({ succeeded: code === 0, output }))
  })
}
