import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const demo = fileURLToPath(new URL('../../demo/main.ts', import.meta.url))

describe.skipIf(!existsSync('/proc'))('the demonstration, told to stop in the middle', () => {
  let temporary: string

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'demo-test-'))
  })
  afterEach(async () => {
    for (const pid of await processesNaming(temporary)) process.kill(pid, 'SIGKILL')
    await rm(temporary, { recursive: true, force: true })
  })

  const controlPlane = { step: 1, title: 'opens the control plane', thing: 'control-plane/postgres' }
  const gateway = { step: 3, title: 'opens the gateway', thing: 'gateway-service-account/token' }
  it.each([
    { ...controlPlane, how: 'SIGTERM', isCtrlC: false },
    { ...gateway, how: 'SIGTERM', isCtrlC: false },
    { ...controlPlane, how: 'Ctrl-C', isCtrlC: true },
    { ...gateway, how: 'Ctrl-C', isCtrlC: true },
  ])('while it $title, by $how, leaves no process and no folder', async ({ step, thing, isCtrlC }) => {
    const running = spawn(process.execPath, [demo, '--stand-in'], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, to which Ctrl-C goes as a whole.
      detached: true,
    })
    const ended = once(running, 'close')
    let output = ''
    for (const stream of [running.stdout, running.stderr]) stream.on('data', (text) => (output += text))
    await vi.waitFor(async () => {
      expect(output).toContain(`\n${step}. `)
      expect(await readdir(temporary, { recursive: true })).toContainEqual(expect.stringMatching(`${thing}$`))
    }, 30_000)

    const { pid = 0 } = running
    process.kill(isCtrlC ? -pid : pid, isCtrlC ? 'SIGINT' : 'SIGTERM')

    expect(await ended).toEqual([isCtrlC ? 130 : 143, null])
    expect(output).not.toContain(`\n${step + 1}. `)
    expect(output).not.toContain('failed')
    expect(await processesNaming(temporary)).toEqual([])
    expect(await readdir(temporary)).toEqual([])
  })
})

/** Everything that the demonstration starts names its folder, in its arguments or its environment. */
async function processesNaming(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const naming = pids.map(async (pid) => {
    const texts = await Promise.all(['cmdline', 'environ'].map((file) => readGone(`/proc/${pid}/${file}`)))
    return texts.some((text) => text.includes(folder)) ? [Number(pid)] : []
  })
  return (await Promise.all(naming)).flat()
}

/** Nothing, of a process that is gone by now or is not ours. */
async function readGone(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
