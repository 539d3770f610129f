import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, vi } from 'vitest'
import { isRunning } from './is-running.ts'
import { startWatchedProcesses } from './watched-processes.ts'

const newFolder = async () => mkdtemp(join(tmpdir(), 'watched-processes-'))
const sleep = { name: 'sleep', command: 'sleep', arguments: ['600'] }

it('ends its processes and removes their folder on close', async () => {
  const folder = await newFolder()
  const watched = await startWatchedProcesses({ folder, processes: [sleep, { ...sleep, name: 'other' }] })
  expect(watched.processIds.map(isRunning)).toEqual([true, true])
  expect(watched.endedByItself()).toBeUndefined()
  await watched.close()
  expect(watched.processIds.map(isRunning)).toEqual([false, false])
  expect(existsSync(folder)).toBe(false)
})

it.each([
  { title: 'cannot be started', broken: { name: 'broken', command: '/nowhere/at-all', arguments: [] } },
  { title: 'ends by itself', broken: { name: 'broken', command: 'false', arguments: [] } },
])('names a process that $title, and still ends the others', async ({ broken }) => {
  const folder = await newFolder()
  const watched = await startWatchedProcesses({ folder, processes: [sleep, broken] })
  await vi.waitFor(() => expect(watched.endedByItself()).toBe('broken'))
  const [sleepId = 0] = watched.processIds
  expect(isRunning(sleepId)).toBe(true)
  await watched.close()
  expect(isRunning(sleepId)).toBe(false)
  expect(existsSync(folder)).toBe(false)
})

it('ends its processes when whoever started them is killed', async () => {
  const folder = await newFolder()
  const order = JSON.stringify({ folder, processes: [sleep] })
  const module = JSON.stringify(new URL('watched-processes.ts', import.meta.url).href)
  const script = `
    import { startWatchedProcesses } from ${module}
    const watched = await startWatchedProcesses(${order})
    console.log(JSON.stringify(watched.processIds))
    setInterval(() => undefined, 60_000)`
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  const processIds: number[] = JSON.parse(String(line))
  expect(processIds.map(isRunning)).toEqual([true])
  parent.kill('SIGKILL')
  await vi.waitFor(() => expect(processIds.map(isRunning)).toEqual([false]), 10_000)
  await vi.waitFor(() => expect(existsSync(folder)).toBe(false), 10_000)
})
