import { once } from 'node:events'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerClientError } from './client-error.ts'

describe('what is no HTTP request', () => {
  let server: Server
  let accepted: Promise<Socket>
  beforeEach(async () => {
    // As Node's HTTP server does: the peer's end alone closes nothing.
    server = createServer({ allowHalfOpen: true })
    accepted = once(server, 'connection').then(([socket]: Socket[]) => present(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => server.close())

  it('is answered, and then its connection is closed even if the peer never closes', async () => {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    const peer = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true })
    const socket = await accepted
    const closed = once(socket, 'close')
    answerClientError(Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket)
    const [reply] = await once(peer, 'data')
    expect(String(reply)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"error":"RequestTimeout"/)
    await closed
    peer.destroy()
  })
})

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('nothing came')
  return value
}
