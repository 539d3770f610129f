import { describe, expect, it } from 'vitest'
import { bridgeOutages } from './bridge-outage.ts'
import { DatabaseUnreachable } from './database-unreachable.ts'
import { serverError } from './test/server-error.ts'

/** A database that can be away. */
function createServer({ bridgedMsMax = 2_000 } = {}) {
  const server = { refusal: undefined as Error | undefined, asked: 0, free: 0, isClosed: false }
  const returns: number[] = []
  const connect = async (): Promise<{ release(): void }> => {
    server.asked += 1
    await Promise.resolve()
    if (server.refusal !== undefined) throw server.refusal
    return { release: () => void (server.free += 1) }
  }
  const bridged = bridgeOutages(connect, {
    bridgedMsMax,
    isClosed: () => server.isClosed,
    onReturn: (goneMs) => returns.push(goneMs),
  })
  return { server, returns, connect: bridged }
}

const gone = Object.assign(new Error('nobody listens'), { code: 'ECONNREFUSED' })
const refused = { name: DatabaseUnreachable.name, cause: gone }

describe('a connection to a database that goes away', () => {
  it('waits for its return, and a thousand that wait ask no more often than one', async () => {
    const { server, returns, connect } = createServer()
    server.refusal = gone
    const waiting = Array.from({ length: 1000 }, () => connect())
    // All of them were refused once, and one has asked again.
    await expect.poll(() => server.asked).toBeGreaterThan(1000)
    expect(server.asked).toBeLessThan(1100)
    server.refusal = undefined
    expect(await Promise.all(waiting)).toHaveLength(1000)
    expect(returns).toHaveLength(1)
    // That of whoever asked for all.
    expect(server.free).toBe(1)
  })

  it('is refused when it stays away, and then everybody at once, until it is back', async () => {
    const { server, connect } = createServer({ bridgedMsMax: 60 })
    server.refusal = gone
    await expect(connect()).rejects.toMatchObject(refused)
    const before = server.asked
    await expect(connect()).rejects.toMatchObject(refused)
    expect(server.asked).toBe(before + 1)
    server.refusal = undefined
    await connect()
    server.refusal = gone
    setTimeout(() => (server.refusal = undefined), 10)
    await connect()
  })

  it.each([
    ['starts or stops', serverError('57P03')],
    ['has too many', serverError('53300')],
    // Its socket is still there; what errors of the system are called looks like an SQLSTATE now and then.
    ['has just ended', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
  ])('that %s is waited for', async (_title, refusal) => {
    const { server, connect } = createServer()
    server.refusal = refusal
    const connecting = connect()
    setTimeout(() => (server.refusal = undefined), 10)
    await expect(connecting).resolves.toBeDefined()
  })

  it.each([
    ['knows no such password', '28P01'],
    ['has no such database', '3D000'],
  ])('that %s (%s) is not waited for', async (_title, code) => {
    const { server, connect } = createServer()
    server.refusal = serverError(code)
    await expect(connect()).rejects.toMatchObject({ name: DatabaseUnreachable.name })
    expect(server.asked).toBe(1)
  })

  it('is refused once the pool is closed', async () => {
    const { server, connect } = createServer()
    server.refusal = gone
    server.isClosed = true
    await expect(connect()).rejects.toMatchObject(refused)
    expect(server.asked).toBe(1)
  })
})
