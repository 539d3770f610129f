import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createDialHost } from './dial-host.ts'

test('a connection that breaks before anybody has joined it breaks nothing else', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  const { port } = server.address() as AddressInfo
  const outcome = await createDialHost()({ host: '127.0.0.1', port }, new AbortController().signal)
  if (outcome.kind === 'failed') throw new Error(outcome.detail)
  expect(() => outcome.socket.emit('error', new Error('read ECONNRESET'))).not.toThrow()
  const closed = once(outcome.socket, 'close')
  outcome.socket.destroy()
  await closed
  server.close()
})

test('all that a host sends comes piece by piece in one memory, each when it is asked for', async () => {
  const sent = Buffer.alloc(1_000_000)
  for (let index = 0; index < sent.length; index += 1) sent[index] = (index * 7919) % 251
  const server = createServer((socket) => socket.end(sent))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const outcome = await createDialHost()({ host: '127.0.0.1', port }, new AbortController().signal)
  if (outcome.kind === 'failed') throw new Error(outcome.detail)
  const memories = new Set<ArrayBufferLike>()
  const pieces: Buffer[] = []
  let isAsked = true
  outcome.read((piece, next) => {
    expect(isAsked).toBe(true)
    isAsked = false
    memories.add(piece.buffer)
    pieces.push(Buffer.from(piece))
    setImmediate(() => {
      isAsked = true
      next()
    })
  })
  await once(outcome.socket, 'end')
  expect(Buffer.concat(pieces).equals(sent)).toBe(true)
  expect(memories.size).toBe(1)
  outcome.socket.destroy()
  server.close()
})

test('a host that speaks before anybody asks is heard', async () => {
  const server = createServer((socket) => socket.end('hello'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const outcome = await createDialHost()({ host: '127.0.0.1', port }, new AbortController().signal)
  if (outcome.kind === 'failed') throw new Error(outcome.detail)
  await new Promise((resolve) => setTimeout(resolve, 50))
  const pieces: string[] = []
  outcome.read((piece, next) => {
    pieces.push(piece.toString())
    next()
  })
  await once(outcome.socket, 'end')
  expect(pieces.join('')).toBe('hello')
  outcome.socket.destroy()
  server.close()
})

test('P20: streams that are opened and given up leave one look-up of a name behind, however many they were', async () => {
  const asked: string[] = []
  let answer: (() => void) | undefined
  const dialHost = createDialHost({
    lookUp: (hostname, _options, callback) => {
      asked.push(hostname)
      answer = () => callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  for (let flood = 0; flood < 50; flood += 1) {
    const reset = new AbortController()
    const dialled = dialHost({ host: 'api.example', port: 1 }, reset.signal)
    reset.abort()
    expect((await dialled).kind).toBe('failed')
  }
  expect(asked).toEqual(['api.example'])
  const last = dialHost({ host: 'api.example', port: 1 }, new AbortController().signal)
  answer?.()
  expect(await last).toMatchObject({ kind: 'failed', code: 'unreachable' })
  expect(asked).toEqual(['api.example'])
})
