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
