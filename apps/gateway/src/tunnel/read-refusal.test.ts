import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { TunnelRefusal } from './outcome.ts'
import { readRefusal } from './read-refusal.ts'

/** What is made of an answer with this body to a request with this token. */
async function refusalBy(body: (authorization: string) => string, bearer = ''): Promise<TunnelRefusal> {
  const server = createServer(({ headers }, response) => {
    response.writeHead(403).end(body(headers.authorization ?? ''))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  const { port } = server.address() as AddressInfo
  const answered = Promise.withResolvers<IncomingMessage>()
  get({ port, host: '127.0.0.1', headers: { authorization: `Bearer ${bearer}` } }, answered.resolve)
  const refusal = await readRefusal(await answered.promise)
  server.closeAllConnections()
  server.close()
  return refusal
}

test('T31: a refusal that repeats the headers tells nothing of the token in them', async () => {
  const token = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl-canary_x'
  const refusal = await refusalBy(
    (authorization) => JSON.stringify({ code: authorization, message: `no: ${authorization}; go away` }),
    token,
  )
  expect(refusal).toMatchObject({ code: 'Bearer [token]', message: 'no: Bearer [token]; go away' })
  expect(refusal.permanent).toBe(false)
})

test('of a body that never ends no more is read than a refusal has', async () => {
  const refusal = await refusalBy(() => `{"message":"${'x'.repeat(1_000_000)}"}`)
  expect(refusal).toMatchObject({ code: 'http-403', permanent: false })
})
