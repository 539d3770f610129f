import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { connectToKubernetes } from './kubernetes-request.ts'
import { startStandInProcess, type StandInProcessLine } from './stand-in-process.ts'
import { testClusterConformance } from './test-cluster.conformance.ts'

testClusterConformance('the stand-in as a process', () => startStandInProcess())

it('goes wrong and counts in the other process', async () => {
  const standIn = await startStandInProcess()
  await standIn.misbehave({ on: 'version', how: { kind: 'refuse', code: 503, retryAfterSeconds: 2 } })
  expect((await standIn.send({ path: '/version' })).status).toBe(503)
  await standIn.behave()
  expect((await standIn.send({ path: '/version' })).status).toBe(200)
  expect(await standIn.received('version')).toBe(2)
  expect(await standIn.received('tokenreviews')).toBe(0)
  await standIn.close()
})

it('takes commands from the administrator alone', async () => {
  const standIn = await startStandInProcess()
  const body = { on: 'everything', how: { kind: 'hang' } }
  const answer = await standIn.send({ method: 'POST', path: '/stand-in/misbehaviours', body })
  expect(answer.status).toBe(401)
  await standIn.close()
})

it.each(['close of its input', 'SIGTERM'] as const)('ends on %s', async (how) => {
  const script = fileURLToPath(new URL('kubernetes-stand-in-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [text] = await once(createInterface({ input: child.stdout }), 'line')
  const line: StandInProcessLine = JSON.parse(String(text))
  const connection = connectToKubernetes(line)
  expect((await connection.send({ path: '/version' })).status).toBe(200)
  if (how === 'SIGTERM') child.kill('SIGTERM')
  else child.stdin.end()
  expect(await exited).toEqual([0, null])
  connection.close()
})
