import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { configFrom, type OutboundConfig } from '../config.ts'
import type { ConnectionOutcome } from './connection-outcome.ts'
import {
  createConnectTo,
  createControlPlaneDispatcher,
  destinationOf,
  type ConnectTo,
} from './control-plane-connections.ts'
import { ControlPlaneTrust } from './control-plane-trust.ts'
import { exchange } from './exchange.ts'
import { startForwardProxy, type ForwardProxy, type ProxyManner } from './test/forward-proxy.ts'

let origin: string
let folder: string
let ourCa: string
const servers: Server[] = []
const proxies: ForwardProxy[] = []
const warnings: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trust-'))
  ;[ourCa, origin] = await startServer('a private authority', 'reached')
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
  warnings.length = 0
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true })
})

/** The authority's certificate, and the server's origin. */
async function startServer(authorityName: string, body: string): Promise<[string, string]> {
  const authority = await createCertificateAuthority(authorityName)
  const { certificate: cert, privateKey: key } = await authority.issue()
  const server = createServer({ cert, key }, (_request, response) => response.end(body))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  return [authority.certificate, `https://127.0.0.1:${(server.address() as AddressInfo).port}`]
}

async function startProxy(manner: ProxyManner): Promise<ForwardProxy> {
  const proxy = await startForwardProxy(manner)
  proxies.push(proxy)
  return proxy
}

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

async function connectToBy(environment: Record<string, string>): Promise<ConnectTo> {
  const outbound = outboundOf(environment)
  const log = {
    info: () => undefined,
    warn: (fields: object, message: string) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
  }
  return createConnectTo(outbound, await ControlPlaneTrust.open({ extraCaFile: outbound.extraCaFile, log }))
}

function outboundOf(environment: Record<string, string>): OutboundConfig {
  const outcome = configFrom({ POSTERN_URL: origin, POSTERN_KUBERNETES_URL: origin, ...environment }, {})
  if (outcome.kind === 'problems') throw new Error(outcome.problems.join('\n'))
  return outcome.config.outbound
}

/** What a request is answered with, or why there was no connection. */
async function reach(connectTo: ConnectTo): Promise<unknown> {
  const dispatcher = createControlPlaneDispatcher(connectTo)
  const outcome = await exchange(
    dispatcher,
    { origin, method: 'GET', path: '/', headers: {} },
    { timeoutMs: 3_000 },
  )
  await dispatcher.destroy()
  return outcome.kind === 'answer' ? outcome.body : outcome
}

async function open(environment: Record<string, string>, timeoutMs = 3_000): Promise<ConnectionOutcome> {
  const connectTo = await connectToBy(environment)
  const outcome = await connectTo(destinationOf(new URL(origin)), AbortSignal.timeout(timeoutMs))
  if (outcome.kind === 'connected') outcome.socket.destroy()
  return outcome
}

describe('P21: a connection to the control plane', () => {
  it('trusts a private authority that is named, and no other', async () => {
    const file = await fileOf('ours.pem', `# ours\n${ourCa}\n`)
    expect(await reach(await connectToBy({ POSTERN_EXTRA_CA_FILE: file }))).toBe('reached')
    expect(await open({})).toMatchObject({
      kind: 'failed',
      hop: 'tls',
      remedy: expect.stringContaining('POSTERN_EXTRA_CA_FILE'),
    })
  })

  it('goes through a proxy with a password', async () => {
    const proxy = await startProxy({ kind: 'forwards', credentials: 'us er:p@ss' })
    const connectTo = await connectToBy({
      POSTERN_EXTRA_CA_FILE: await fileOf('ours.pem', ourCa),
      HTTPS_PROXY: `http://us%20er:p%40ss@${proxy.address}`,
    })
    expect(await reach(connectTo)).toBe('reached')
    const authorization = `Basic ${Buffer.from('us er:p@ss').toString('base64')}`
    expect(proxy.asked).toEqual([{ target: new URL(origin).host, authorization }])
  })

  it.each<[string, ProxyManner, string]>([
    ['wants other credentials', { kind: 'forwards', credentials: 'other:one' }, 'credentials'],
    ['does not allow the server', { kind: 'refuses', status: 403 }, 'does not allow'],
    ['cannot reach the server', { kind: 'refuses', status: 502 }, 'cannot reach'],
    ['hangs up', { kind: 'hangs-up' }, 'check HTTPS_PROXY'],
    ['never answers', { kind: 'mute' }, 'in time'],
  ])('names a proxy that %s, keeps no socket, and tells no password', async (_, manner, remedy) => {
    const proxy = await startProxy(manner)
    const outcome = await open({ HTTPS_PROXY: `http://user:pw-canary@${proxy.address}` }, 300)
    expect(outcome).toMatchObject({ kind: 'failed', hop: 'proxy', remedy: expect.stringContaining(remedy) })
    expect(JSON.stringify(outcome)).not.toContain('canary')
    await expect.poll(() => proxy.open()).toBe(0)
  })

  it('names a proxy that nobody runs', async () => {
    const proxy = await startForwardProxy({ kind: 'mute' })
    await proxy.close()
    expect(await open({ HTTPS_PROXY: `http://${proxy.address}` })).toMatchObject({
      hop: 'proxy',
      code: 'ECONNREFUSED',
      remedy: expect.stringContaining('HTTPS_PROXY'),
    })
  })

  it('names a proxy that opens TLS on the way, and goes on once its authority is trusted', async () => {
    const [interceptorCa, interceptor] = await startServer('an intercepting proxy', 'intercepted')
    const proxy = await startProxy({ kind: 'diverts', port: Number(new URL(interceptor).port) })
    const environment = { HTTPS_PROXY: `http://${proxy.address}` }
    expect(
      await open({ ...environment, POSTERN_EXTRA_CA_FILE: await fileOf('ours.pem', ourCa) }),
    ).toMatchObject({
      hop: 'tls',
      remedy: expect.stringMatching(/proxy that opens TLS.*POSTERN_EXTRA_CA_FILE/),
    })
    const both = await fileOf('both.pem', `${ourCa}\n${interceptorCa}`)
    expect(await reach(await connectToBy({ ...environment, POSTERN_EXTRA_CA_FILE: both }))).toBe(
      'intercepted',
    )
  })

  it('names a server that never finishes the TLS handshake, and keeps no socket', async () => {
    let held = 0
    const silent = createTcpServer((socket) => {
      held += 1
      socket.on('error', () => socket.destroy()).once('close', () => (held -= 1))
      socket.resume()
    })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    // As above.
    const { port } = silent.address() as AddressInfo
    const connectTo = await connectToBy({})
    const outcome = await connectTo({ host: '127.0.0.1', port, tls: true }, AbortSignal.timeout(200))
    expect(outcome).toMatchObject({ kind: 'failed', hop: 'tls', code: 'TIMEOUT' })
    await expect.poll(() => held).toBe(0)
    silent.close()
  })

  it('names a name that nobody knows, and a port where nothing listens', async () => {
    const connectTo = await connectToBy({})
    const signal = AbortSignal.timeout(5_000)
    expect(await connectTo({ host: 'no-such.invalid', port: 1, tls: false }, signal)).toMatchObject({
      hop: 'dns',
      remedy: expect.stringContaining('DNS'),
    })
    expect(await connectTo({ host: '127.0.0.1', port: 1, tls: false }, signal)).toMatchObject({
      hop: 'tcp',
      remedy: expect.stringContaining('nothing listens'),
    })
  })
})

describe('P24: the file of extra authorities', () => {
  it('is read again for every connection', async () => {
    const [secondCa] = await startServer('another authority', '')
    const file = await fileOf('changing.pem', secondCa)
    const connectTo = await connectToBy({ POSTERN_EXTRA_CA_FILE: file })
    expect(await reach(connectTo)).toMatchObject({ failure: 'tls' })
    await writeFile(file, ourCa)
    expect(await reach(connectTo)).toBe('reached')
  })

  it('leaves what was read before in use when it breaks, and says so once', async () => {
    const file = await fileOf('breaking.pem', ourCa)
    const connectTo = await connectToBy({ POSTERN_EXTRA_CA_FILE: file })
    await writeFile(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
    expect(await reach(connectTo)).toBe('reached')
    expect(await reach(connectTo)).toBe('reached')
    await rm(file)
    expect(await reach(connectTo)).toBe('reached')
    expect(warnings).toHaveLength(2)
    expect(warnings.join()).toContain(file)
  })

  it.each([
    ['missing', undefined, 'ENOENT'],
    ['empty', '', 'holds no certificate'],
    ['damaged', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'cannot be used'],
  ])('is named when it is %s at the start', async (name, text, problem) => {
    const path = join(folder, `${name}.pem`)
    if (text !== undefined) await writeFile(path, text)
    await expect(connectToBy({ POSTERN_EXTRA_CA_FILE: path })).rejects.toThrow(problem)
    await expect(connectToBy({ POSTERN_EXTRA_CA_FILE: path })).rejects.toThrow(path)
  })
})
