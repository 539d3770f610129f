import { Agent, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { createServerDrain } from './drain-server.ts'
import { createHttpServer, type HttpServer } from './http-server.ts'

interface Running {
  server: HttpServer
  port: number
}

let running: Running | undefined
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

async function start(): Promise<Running> {
  const server = await createHttpServer({
    trustedProxies: [],
    strangerRequestsPerMinute: 0,
    logger: pino({ level: 'silent' }),
  })
  server.get('/fast', () => ({}))
  server.get('/readyz', () => ({}))
  server.get('/slow', async () => {
    await sleep(200)
    return {}
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  running = { server, port: (server.server.address() as AddressInfo).port }
  return running
}

/** What the reply says of its connection; rejects when there is none. */
function ask(path: string): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const asked = request({ host: '127.0.0.1', port: running?.port, path, agent }, (reply) => {
    reply.resume().once('end', () => resolve(reply.headers.connection))
  })
  asked.once('error', reject).end()
  return promise
}

afterEach(async () => {
  await running?.server.close()
  running = undefined
})

describe('a server that sends balancers away', () => {
  it('takes new connections and ends each with its reply, those that it had kept too', async () => {
    const { server } = await start()
    expect(await ask('/fast')).toBe('keep-alive')
    const drain = createServerDrain(server, { leastMs: 300, quietMs: 0, mostMs: 300 })
    const gone = drain.sendAway()
    expect(await ask('/fast')).toBe('close')
    expect(await ask('/fast')).toBe('close')
    await gone
    await drain.close()
    await expect(ask('/fast')).rejects.toThrow('ECONNREFUSED')
  })

  it('goes on while requests come in, for a bounded time; probes are none', async () => {
    const { server } = await start()
    const drain = createServerDrain(server, { leastMs: 0, quietMs: 150, mostMs: 600 })
    const state = { isGone: false }
    const gone = drain.sendAway().then(() => (state.isGone = true))
    for (let passed = 0; passed < 400; passed += 50) {
      await ask('/fast')
      await sleep(50)
      expect(state.isGone).toBe(false)
    }
    for (let asked = 0; asked < 5; asked += 1) {
      await ask('/readyz').catch(() => undefined)
      await sleep(50)
    }
    expect(state.isGone).toBe(true)
    await gone
  })

  it('answers those whose connections the system had taken when it closed its door', async () => {
    const { server, port } = await start()
    const drain = createServerDrain(server, { leastMs: 0, quietMs: 0, mostMs: 0 })
    const answers = Array.from({ length: 30 }, () => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.end('GET /fast HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
      return text(socket)
    })
    await drain.finishRequests(() => 0)
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1.1 200/)
    await drain.close()
  })

  it('answers the request under way, and then nobody', async () => {
    const { server } = await start()
    const drain = createServerDrain(server, { leastMs: 0, quietMs: 0, mostMs: 0 })
    const underWay = ask('/slow')
    await sleep(50)
    await drain.finishRequests(() => 0)
    await expect(underWay).resolves.toBeDefined()
    await drain.close()
    await expect(ask('/fast')).rejects.toThrow('ECONNREFUSED')
  })
})
