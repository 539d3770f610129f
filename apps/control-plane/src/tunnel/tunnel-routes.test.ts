import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import { gatewayIdParams } from '@postern/api-contract/gateways'
import { tunnelPath } from '@postern/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type StartedHttpServer, startHttpServer } from '../http/test/start-http-server.ts'
import { registerTunnelRoutes } from './tunnel-routes.ts'

let server: StartedHttpServer
beforeAll(async () => {
  server = await startHttpServer((routes) => {
    routes.get('/api/v3/gateways/:gatewayId', { schema: { params: gatewayIdParams } }, () => 'a gateway')
    registerTunnelRoutes(routes)
  })
})
afterAll(() => server.close())

it.each<[string, Record<string, string>]>([
  ['nothing of an upgrade', {}],
  ['only the half that a proxy has left', { upgrade: 'websocket', connection: 'keep-alive' }],
])('says that a request with %s needs one, and what to look at', async (_title, headers) => {
  const asking = get(`${server.url}${tunnelPath}`, { headers: { ...headers, authorization: 'Bearer a.b.c' } })
  // The listener's one argument is the response. Source: Node.js documentation, http.ClientRequest, event 'response'.
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(426)
  expect(response.headers).toMatchObject({ upgrade: 'websocket', connection: 'upgrade, close' })
  expect(errorEnvelope.parse(await json(response))).toMatchObject({
    statusCode: 426,
    error: 'UpgradeRequired',
    message: expect.stringMatching(/proxy.*Upgrade and Connection/),
  })
})
