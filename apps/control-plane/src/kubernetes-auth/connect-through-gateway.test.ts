import { once } from 'node:events'
import { createServer as createHttpsServer, type Server } from 'node:https'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { type CertificateAuthority, createCertificateAuthority } from '@postern/testing/certificate-authority'
import { StreamError } from '@postern/protocol'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAskApiServer, type ApiServerAnswer } from './ask-api-server.ts'
import type { OpenStream } from './connect-through-gateway.ts'
import { KubernetesConnections, type ConnectionTarget } from './kubernetes-connections.ts'
import { parseKubernetesHost } from './kubernetes-host.ts'

const via = { target: { kind: 'pool', gatewayPoolId: 'pool-1' }, organizationId: 'organization-1' } as const
const host = 'https://kubernetes.cluster.internal:6443'
const closing: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

let authority: CertificateAuthority
beforeAll(async () => {
  authority = await createCertificateAuthority('cluster')
})

/** An API server whose certificate is for this name; answers every request with it. */
async function startApiServer(name = 'kubernetes.cluster.internal', notAfter?: Date): Promise<number> {
  const { certificate, privateKey } = await authority.issue({
    names: [name],
    ...(notAfter === undefined ? {} : { notAfter }),
  })
  const server: Server = createHttpsServer({ cert: certificate, key: privateKey }, (_request, response) => {
    response.end(name)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A gateway that leads everywhere to this port. */
function gatewayTo(port: number) {
  const opened: { args: Parameters<OpenStream>; socket: Socket }[] = []
  const openStream: OpenStream = async (...args) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    opened.push({ args, socket })
    await once(socket, 'connect')
    return socket
  }
  return { opened, openStream }
}

function createAsk(openStream: OpenStream) {
  const rules = { allowInternal: false }
  const connections = new KubernetesConnections({
    openStream,
    rules,
    resolve: () => Promise.reject(new Error('nothing is resolved here')),
    nowMs: Date.now,
  })
  closing.push(() => connections.close())
  const ask = createAskApiServer({ connections, rules, nowMs: Date.now })
  return (
    budgetMs = 5_000,
    target: Partial<ConnectionTarget> = {},
    name = host,
  ): Promise<ApiServerAnswer> => {
    const parsed = parseKubernetesHost(name)
    if (!parsed.ok) throw new Error(parsed.problem)
    const { certificate } = authority
    return ask(
      { host: parsed.host, caCert: certificate, verifyTls: true, via, ...target },
      { method: 'GET', path: '/version', budgetMs },
    )
  }
}

describe('an API server behind a gateway', () => {
  test('is asked over one stream, named by its own host and port, resolved by nobody here', async () => {
    const gateway = gatewayTo(await startApiServer())
    const ask = createAsk(gateway.openStream)
    expect(await ask()).toMatchObject({ kind: 'answered', text: 'kubernetes.cluster.internal' })
    await turn()
    expect(await ask()).toMatchObject({ kind: 'answered' })
    expect(
      gateway.opened.map(({ args: [target, organizationId, address] }) => ({
        target,
        organizationId,
        address,
      })),
    ).toEqual([{ ...via, address: { host: 'kubernetes.cluster.internal', port: 6443 } }])
  })

  test.each(['https://10.0.0.1', 'https://127.0.0.1:443', 'https://169.254.1.1'])(
    'may have an internal address: the gateway decides where it dials (%s)',
    async (name) => {
      const address = new URL(name).hostname
      const gateway = gatewayTo(await startApiServer(address))
      expect(await createAsk(gateway.openStream)(5_000, {}, name)).toMatchObject({ kind: 'answered' })
      expect(gateway.opened[0]?.args[2]).toEqual({ host: address, port: 443 })
    },
  )

  test('T23: is verified end to end: a gateway that leads to another server is found out', async () => {
    const ask = createAsk(gatewayTo(await startApiServer('other.internal')).openStream)
    expect(await ask()).toMatchObject({ kind: 'failed', failure: 'tls-failed' })
  })

  test('T23: is verified against the CA of the configuration and against no other', async () => {
    const other = await createCertificateAuthority('other')
    const gateway = gatewayTo(await startApiServer())
    const ask = createAsk(gateway.openStream)
    expect(await ask(5_000, { caCert: other.certificate })).toMatchObject({ failure: 'tls-failed' })
    expect(await ask(5_000, { caCert: undefined })).toMatchObject({ failure: 'tls-failed' })
    expect(await ask(5_000, { caCert: undefined, verifyTls: false })).toMatchObject({ kind: 'answered' })
    // A failed handshake leaves no connection behind.
    expect(gateway.opened.slice(0, 2).map(({ socket }) => socket.destroyed)).toEqual([true, true])
  })

  test('T23: with an expired certificate is refused', async () => {
    const ask = createAsk(gatewayTo(await startApiServer(undefined, new Date(0))).openStream)
    expect(await ask()).toMatchObject({ failure: 'tls-failed', detail: expect.stringContaining('expired') })
  })

  test.each([
    ['host-not-allowed', 'host-not-allowed'],
    ['unreachable', 'api-server-unreachable'],
    ['timeout', 'api-server-timeout'],
    ['overloaded', 'gateway-overloaded'],
    ['connection-lost', 'gateway-unavailable'],
  ] as const)(
    'whose stream is refused with %s fails with %s, in the words of the gateway',
    async (reason, failure) => {
      const ask = createAsk(() => Promise.reject(new StreamError(reason, 'as the gateway says')))
      expect(await ask()).toMatchObject({ kind: 'failed', failure, detail: `${reason}: as the gateway says` })
    },
  )

  test('T28: that dies without a word costs one time-out, then there is a new connection', async () => {
    const port = await startApiServer()
    const silent = createServer()
    const held: Socket[] = []
    silent.on('connection', (socket) => held.push(socket))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closing.push(() => {
      for (const socket of held) socket.destroy()
      silent.close()
    })
    let isDead = true
    const ask = createAsk((...args) =>
      gatewayTo(isDead ? (silent.address() as AddressInfo).port : port).openStream(...args),
    )
    expect(await ask(300)).toMatchObject({ kind: 'failed', failure: 'api-server-timeout' })
    isDead = false
    expect(await ask()).toMatchObject({ kind: 'answered' })
  })

  test('whose stream breaks between two requests is asked again on another', async () => {
    const gateway = gatewayTo(await startApiServer())
    const ask = createAsk(gateway.openStream)
    await ask()
    gateway.opened[0]?.socket.destroy()
    expect(await ask()).toMatchObject({ kind: 'answered' })
    expect(gateway.opened).toHaveLength(2)
  })
})
