import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { describeTrouble } from './describe-trouble.ts'
import type { TunnelRefusal } from './outcome.ts'
import { readRefusal } from './read-refusal.ts'

/** What is made of an answer with this body to a request with this token. */
async function refusalBy(
  body: (authorization: string) => string,
  { bearer = '', status = 403 } = {},
): Promise<TunnelRefusal> {
  const server = createServer(({ headers }, response) => {
    response.writeHead(status).end(body(headers.authorization ?? ''))
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
  const repeated = { code: 'a', message: 'no: Bearer [token]; go away' }
  const repeat = (rest: object) => (authorization: string) =>
    JSON.stringify({ message: `no: ${authorization}; go away`, ...rest })
  const own = await refusalBy(
    (authorization) => repeat({ code: authorization, permanent: false })(authorization),
    {
      bearer: token,
    },
  )
  expect(own).toMatchObject({ ...repeated, code: 'Bearer [token]', permanent: false })
  const other = await refusalBy(repeat({}), { bearer: token })
  expect(other).toMatchObject({ message: expect.stringContaining(repeated.message), permanent: false })
  expect(JSON.stringify([own, other])).not.toContain('canary')
})

test('of a body that never ends no more is read than a refusal has', async () => {
  const refusal = await refusalBy(() => `{"message":"${'x'.repeat(1_000_000)}"}`)
  expect(refusal).toMatchObject({ code: 'upgrade', permanent: false })
})

const envelope = (statusCode: number, message: unknown): string =>
  JSON.stringify({ reqId: 'r', statusCode, error: 'E', message })

test.each([
  [200, '<html>Welcome</html>', /POSTERN_URL.*proxies and load balancers.*upgrades/],
  [301, '', /POSTERN_URL.*proxies and load balancers.*upgrades/],
  [400, 'Bad Request', /POSTERN_URL.*proxies and load balancers.*upgrades/],
  [404, '{"code":"not-found"}', /POSTERN_URL.*proxies and load balancers.*upgrades/],
  [422, envelope(422, [{ path: ['gatewayId'], message: 'Invalid UUID' }]), /proxies and load balancers/],
  [426, envelope(426, 'no upgrade'), /proxy or load balancer .* dropped the upgrade.*Upgrade and Connection/],
  [401, 'Unauthorized', /proxy or load balancer .* refuses/],
  [403, '{"code":"x","permanent":"yes"}', /proxy or load balancer .* refuses/],
  [502, '<html>', /starting, stopping or busy.*proxy or load balancer/],
  [503, '', /starting, stopping or busy.*proxy or load balancer/],
])(
  'an answer %i that is not of the tunnel endpoint is of the hop upgrade: %s',
  async (status, body, remedy) => {
    const refusal = await refusalBy(() => body, { status })
    expect(describeTrouble({ kind: 'refused', refusal })).toEqual({
      code: 'upgrade',
      detail: expect.stringContaining(String(status)),
      remedy: expect.stringMatching(remedy),
    })
    expect(refusal.permanent).toBe(false)
  },
)

test('the control plane refuses an upgrade at another path, to which a proxy has led it', async () => {
  const refusal = await refusalBy(() => '{"code":"not-found","message":"not here","permanent":false}', {
    status: 404,
  })
  expect(describeTrouble({ kind: 'refused', refusal })).toEqual({
    code: 'not-found',
    detail: 'not here',
    remedy: expect.stringMatching(/proxies and load balancers.*\/api\/v3\/gateways\/tunnel/),
  })
})

test('what the control plane says of a request without an upgrade is shown', async () => {
  const refusal = await refusalBy(() => envelope(426, 'a proxy dropped it'), { status: 426 })
  expect(refusal.message).toContain('a proxy dropped it')
})
