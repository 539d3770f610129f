import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LinkFaults } from './link-faults.ts'
import { Relay } from './relay.ts'
import { startRelay } from './start-relay.ts'

/** An echo that remembers what it got and how its connections ended. */
interface Echo {
  server: Server
  port: number
  sockets: Socket[]
  ends: string[]
}

let echo: Echo
let relay: Relay
const clients: Socket[] = []

beforeEach(async () => {
  echo = await startEcho()
  relay = await Relay.open({ host: '127.0.0.1', port: echo.port })
})

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  relay.close()
  for (const socket of echo.sockets) socket.destroy()
  echo.server.close()
})

async function startEcho(): Promise<Echo> {
  const made: Echo = { server: createServer({ allowHalfOpen: true }), port: 0, sockets: [], ends: [] }
  made.server.on('connection', (socket) => {
    made.sockets.push(socket)
    socket.on('data', (bytes) => void socket.write(bytes))
    socket.on('end', () => {
      made.ends.push('fin')
      socket.end()
    })
    socket.on('error', () => made.ends.push('reset'))
  })
  made.server.listen(0, '127.0.0.1')
  await once(made.server, 'listening')
  const address = made.server.address()
  made.port = typeof address === 'object' && address !== null ? address.port : 0
  return made
}

async function dial(port = relay.port): Promise<Socket> {
  const client = connect({ port, host: '127.0.0.1' })
  clients.push(client)
  client.on('error', () => undefined)
  await once(client, 'connect')
  return client
}

async function ask(client: Socket, text: string): Promise<string> {
  client.write(text)
  let answer = ''
  while (answer.length < text.length) {
    const [bytes] = (await once(client, 'data')) as [Buffer]
    answer += bytes.toString()
  }
  return answer
}

/** What came within a moment, which on loopback is what will come. */
async function heard(client: Socket, withinMs = 200): Promise<string> {
  let answer = ''
  const listen = (bytes: Buffer): void => void (answer += bytes.toString())
  client.on('data', listen)
  await sleep(withinMs)
  client.off('data', listen)
  return answer
}

/** Whether by an error or not, unlike `once`. */
async function closing(socket: Socket): Promise<void> {
  await new Promise((resolve) => socket.once('close', resolve))
}

describe('a relay', () => {
  it('carries bytes both ways, and the half-close that ends them', async () => {
    const client = await dial()
    expect(await ask(client, 'hello')).toBe('hello')
    client.end('last words')
    const [bytes] = (await once(client, 'data')) as [Buffer]
    expect(bytes.toString()).toBe('last words')
    await closing(client)
    expect(echo.ends).toEqual(['fin'])
    await expect.poll(() => relay.figures.open).toBe(0)
    expect(relay.figures).toMatchObject({ accepted: 1, cut: 0, bytesToServer: 15, bytesToClient: 15 })
  })

  it.each<[string, Partial<LinkFaults>]>([
    ['to the server', { dropsToServer: true }],
    ['to the client', { dropsToClient: true }],
    ['both ways', { dropsToServer: true, dropsToClient: true }],
  ])('throws bytes %s away while both sockets stay open', async (_title, faults) => {
    const client = await dial()
    await ask(client, 'hello')
    await relay.apply(faults)
    client.write('lost')
    expect(await heard(client)).toBe('')
    expect(client.readyState).toBe('open')
    expect(echo.sockets[0]?.readyState).toBe('open')
    expect(echo.ends).toEqual([])
  })

  it('tells neither side of the end of the other while it drops', async () => {
    const client = await dial()
    await ask(client, 'hello')
    await relay.apply({ dropsToServer: true, dropsToClient: true })
    client.destroy()
    await sleep(100)
    expect(echo.ends).toEqual([])
    expect(echo.sockets[0]?.readyState).toBe('open')
  })

  it('leaves a direction dead that has lost bytes, and carries new connections once healed', async () => {
    const client = await dial()
    await relay.apply({ dropsToServer: true })
    client.write('lost')
    await sleep(50)
    await relay.apply({ dropsToServer: false })
    client.write('too late')
    expect(await heard(client)).toBe('')
    expect(await ask(await dial(), 'hello')).toBe('hello')
  })

  it('delays each direction and keeps the order', async () => {
    await relay.apply({ delayMs: 40 })
    const client = await dial()
    const startedAt = performance.now()
    client.write('a')
    client.write('b')
    expect(await ask(client, 'c'.repeat(1))).toMatch(/^a/)
    expect(performance.now() - startedAt).toBeGreaterThan(78)
  })

  it('delivers what was sent before the end, after its delay', async () => {
    await relay.apply({ delayMs: 50 })
    const client = await dial()
    client.end('all of this')
    let answer = ''
    for await (const bytes of client) answer += String(bytes)
    expect(answer).toBe('all of this')
  })

  it('carries no more than the link takes, for all connections together', async () => {
    await relay.apply({ megabitsPerSecond: 8 })
    const [one, other] = [await dial(), await dial()]
    const startedAt = performance.now()
    const bytes = 'x'.repeat(100_000)
    await Promise.all([ask(one, bytes), ask(other, bytes)])
    const tookMs = performance.now() - startedAt
    // 200,000 bytes at 1,000 bytes a millisecond.
    expect(tookMs).toBeGreaterThan(195)
    expect(tookMs).toBeLessThan(2_000)
  })

  it('lets a short message wait for little of a long one', async () => {
    await relay.apply({ megabitsPerSecond: 8 })
    const [long, short] = [await dial(), await dial()]
    long.write(Buffer.alloc(2_000_000))
    await sleep(50)
    const startedAt = performance.now()
    await ask(short, 'hello')
    // 64 KiB in front of it each way; the whole would be 2 s.
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })

  it.each<['reset' | 'end', string]>([
    ['reset', 'reset'],
    ['end', 'fin'],
  ])('cuts an idle connection with a %s', async (cutBy, seen) => {
    await relay.apply({ cutAfterIdleMs: 200, cutBy })
    const [idle, busy] = [await dial(), await dial()]
    await ask(idle, 'hello')
    const keepBusy = setInterval(() => busy.write('.'), 50)
    await closing(idle)
    await expect.poll(() => echo.ends).toEqual([seen])
    clearInterval(keepBusy)
    expect(busy.readyState).toBe('open')
    expect(relay.figures.cut).toBe(1)
  })

  it('cuts by age, busy or not', async () => {
    await relay.apply({ cutAfterAgeMs: 300 })
    const busy = await dial()
    const keepBusy = setInterval(() => busy.write('.'), 50)
    await closing(busy)
    clearInterval(keepBusy)
    expect(relay.figures.cut).toBe(1)
  })

  it('forgets a connection without a word', async () => {
    const client = await dial()
    await ask(client, 'hello')
    relay.cutAll('silence')
    client.write('lost')
    expect(await heard(client)).toBe('')
    expect(client.readyState).toBe('open')
    expect(echo.ends).toEqual([])
    expect(await ask(await dial(), 'hello')).toBe('hello')
  })

  it('passes on that nobody listens behind it', async () => {
    echo.server.close()
    const client = await dial()
    await closing(client)
    expect(client.destroyed).toBe(true)
  })

  it('refuses, or takes connections and says nothing, or carries them again', async () => {
    const before = await dial()
    await relay.apply({ accepts: 'refuse' })
    const refused = connect({ port: relay.port, host: '127.0.0.1' })
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    expect(await ask(before, 'still here')).toBe('still here')
    await relay.apply({ accepts: 'silence' })
    const silent = await dial()
    silent.write('hello')
    expect(await heard(silent)).toBe('')
    await relay.apply({ accepts: 'relay' })
    expect(await ask(await dial(), 'hello')).toBe('hello')
  })
})

describe('a relay in a process of its own', () => {
  it('obeys each order before it answers, and ends', async () => {
    const started = await startRelay({ host: '127.0.0.1', port: echo.port })
    const client = await dial(started.port)
    expect(await ask(client, 'hello')).toBe('hello')
    await started.apply({ dropsToServer: true })
    client.write('lost')
    expect(await heard(client)).toBe('')
    await started.heal()
    const cut = closing(client)
    await started.cut()
    await cut
    expect(await ask(await dial(started.port), 'hello')).toBe('hello')
    expect(await started.figures()).toMatchObject({ accepted: 2, cut: 1 })
    await started.close()
    const refused = connect({ port: started.port, host: '127.0.0.1' })
    await once(refused, 'error')
  })
})
