import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer as createTlsServer, get, type Agent } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configFrom, type OutboundConfig } from '../config.ts'
import { createControlPlaneAgent, createControlPlaneDispatcher } from './control-plane-dispatcher.ts'
import { readControlPlaneTrust } from './control-plane-trust.ts'
import { exchange } from './exchange.ts'

let origin: string
let proxy: string
let caFile: string
let folder: string
const connects: { target: string | undefined; authorization: string | undefined }[] = []
const servers: Server[] = []

beforeAll(async () => {
  const authority = await createCertificateAuthority('a private authority')
  const { certificate: cert, privateKey: key } = await authority.issue()
  folder = await mkdtemp(join(tmpdir(), 'trust-'))
  caFile = join(folder, 'ca.pem')
  await writeFile(caFile, `# ours\n${authority.certificate}\n`)
  const target = createTlsServer({ cert, key }, (_request, response) => response.end('reached'))
  origin = `https://127.0.0.1:${await listen(target)}`
  const forward = createHttpServer()
  forward.on('connect', (request, socket) => {
    connects.push({ target: request.url, authorization: request.headers['proxy-authorization'] })
    const [host, port] = (request.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  proxy = `http://user:pw-canary@127.0.0.1:${await listen(forward)}`
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true })
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server that listens has an address with a port. Source: Node.js documentation, server.address().
  return (server.address() as AddressInfo).port
}

function outboundOf(environment: Record<string, string>): OutboundConfig {
  const outcome = configFrom({ POSTERN_URL: origin, POSTERN_KUBERNETES_URL: origin, ...environment }, {})
  if (outcome.kind === 'problems') throw new Error(outcome.problems.join('\n'))
  return outcome.config.outbound
}

async function reach(outbound: OutboundConfig): Promise<unknown> {
  const dispatcher = createControlPlaneDispatcher(outbound, await readControlPlaneTrust(outbound.extraCaFile))
  const outcome = await exchange(
    dispatcher,
    { origin, method: 'GET', path: '/', headers: {} },
    { timeoutMs: 3_000 },
  )
  await dispatcher.destroy()
  return outcome
}

function getThrough(agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(origin, { agent }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
}

it('P21: trusts a private authority that is named', async () => {
  expect(await reach(outboundOf({ POSTERN_EXTRA_CA_FILE: caFile }))).toMatchObject({ body: 'reached' })
  expect(await reach(outboundOf({}))).toMatchObject({ kind: 'failure', failure: 'tls' })
})

it('P21: goes through a proxy with a password, for requests and for the tunnel', async () => {
  const outbound = outboundOf({ POSTERN_EXTRA_CA_FILE: caFile, HTTPS_PROXY: proxy })
  const authorization = `Basic ${Buffer.from('user:pw-canary').toString('base64')}`
  expect(await reach(outbound)).toMatchObject({ body: 'reached' })
  const agent = createControlPlaneAgent(outbound, await readControlPlaneTrust(outbound.extraCaFile))
  expect(agent && (await getThrough(agent))).toBe('reached')
  agent?.destroy()
  const target = new URL(origin).host
  expect(connects).toEqual([
    { target, authorization },
    { target, authorization },
  ])
})

it('P21: leaves the proxy out for hosts in NO_PROXY', async () => {
  connects.length = 0
  const outbound = outboundOf({ POSTERN_EXTRA_CA_FILE: caFile, HTTPS_PROXY: proxy, NO_PROXY: '127.0.0.1' })
  expect(await reach(outbound)).toMatchObject({ body: 'reached' })
  const agent = createControlPlaneAgent(outbound, await readControlPlaneTrust(outbound.extraCaFile))
  expect(agent && (await getThrough(agent))).toBe('reached')
  agent?.destroy()
  expect(connects).toEqual([])
})

it('has no agent of its own without a proxy', () => {
  expect(createControlPlaneAgent(outboundOf({}), undefined)).toBeUndefined()
})

it.each([
  ['missing', undefined, 'ENOENT'],
  ['empty', '', 'holds no certificate'],
  ['damaged', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'cannot be used'],
])('names an extra bundle that is %s', async (name, text, problem) => {
  const path = join(folder, `${name}.pem`)
  if (text !== undefined) await writeFile(path, text)
  await expect(readControlPlaneTrust(path)).rejects.toThrow(problem)
  await expect(readControlPlaneTrust(path)).rejects.toThrow(path)
})
