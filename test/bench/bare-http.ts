import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runClosedLoop } from './closed-loop.ts'
import { openHttpCaller, prepareHttpPost } from './http-caller.ts'
import { readProcessCpuMicros } from './process-cpu.ts'

export interface BareHttpFigures {
  requestsPerSecond: number
  p50Ms: number
  /** Of the server alone, a request. */
  cpuMicros: number
}

/** Measures `bare-http-process.ts` with bodies of `bodyBytes`. */
export async function measureBareHttp(options: {
  inFlight: number
  seconds: number
  warmUpSeconds: number
  bodyBytes: number
}): Promise<BareHttpFigures> {
  const { inFlight, seconds, warmUpSeconds, bodyBytes } = options
  const child = fork(fileURLToPath(new URL('bare-http-process.ts', import.meta.url)))
  try {
    const [message] = await once(child, 'message')
    const url = String(message)
    const pid = child.pid
    if (pid === undefined) throw new Error('the bare server did not start')
    const identityId = '00000000-0000-4000-8000-000000000000'
    const body = JSON.stringify({ identityId, jwt: 'x'.repeat(bodyBytes) })
    const request = prepareHttpPost(url, '/', {}, body)
    const free = await Promise.all(Array.from({ length: inFlight }, () => openHttpCaller(url)))
    const call = async (): Promise<void> => {
      const caller = free.pop()
      if (caller === undefined) throw new Error('more calls under way than connections')
      const status = await caller.call(request)
      free.push(caller)
      if (status !== 200) throw new Error(`the bare server answered ${status}`)
    }
    await runClosedLoop({ inFlight, seconds: warmUpSeconds, call })
    const before = readProcessCpuMicros(pid)
    const figures = await runClosedLoop({ inFlight, seconds, call })
    const cpuMicros = (readProcessCpuMicros(pid) - before) / figures.calls
    free.forEach((caller) => caller.close())
    return {
      requestsPerSecond: figures.callsPerSecond,
      p50Ms: figures.p50Ms,
      cpuMicros: Math.round(cpuMicros * 10) / 10,
    }
  } finally {
    child.disconnect()
  }
}
