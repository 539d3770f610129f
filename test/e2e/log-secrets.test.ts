import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { startKubernetesStandIn, type KubernetesStandIn } from '@postern/testing/kubernetes-stand-in'
import type { MisbehaveOptions } from '@postern/testing/stand-in/misbehaviours'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { spawnGateway, type GatewayProcess } from '../processes/gateway-process.ts'
import { logIn } from '../processes/log-in.ts'
import { attachKubernetesAuth, createIdentity } from '../processes/platform.ts'
import { expectOk, textAt, type JsonObject } from '../processes/postern-api.ts'
import { createLoginWorld, gatewayAccount, type LoginWorld } from './login-world.ts'
import { findTraces } from './traces-of-secrets.ts'

// Both programs go through everything that their secrets meet, at their most talkative; then what they printed is
// searched. The stand-in alone serves: a real API server quotes no token.

const pod = { namespace: 'shop', name: 'checkout' }
const anotherPod = { namespace: 'shop', name: 'intruder' }
const reviewer = { namespace: 'postern', name: 'reviewer' }
const patience = { timeout: 20_000, interval: 100 }

let world: LoginWorld
let cluster: KubernetesStandIn
let gateway: GatewayProcess
/** By what they are. */
const secrets = new Map<string, string>()
const gateways: GatewayProcess[] = []
const gatewayOutput = (): string => gateways.map((each) => each.output()).join('')

beforeAll(async () => {
  const start = async (): Promise<KubernetesStandIn> => (cluster = await startKubernetesStandIn())
  world = await createLoginWorld(
    { start },
    { POSTERN_LOG_LEVEL: 'trace', POSTERN_KEY_ROTATION_HOURS: '0.001' },
  )
  gateway = world.gateway
  gateways.push(gateway)
  for (const account of [pod, anotherPod, reviewer]) {
    await cluster.createServiceAccount(account.namespace, account.name)
    await cluster.grantTokenReview(account.namespace, account.name)
  }
  secrets.set('the enrolment token', world.enrolmentToken)
  secrets.set('the administrator’s token', world.platform.adminToken)
  secrets.set('the administrator’s password', world.platform.person.password)
  secrets.set('the reviewer JWT', await cluster.mintToken(reviewer))
  secrets.set('the gateway’s own token', await podToken())
  await keepGatewayKeys()
  const identities = await createIdentities()
  await logInWellAndBadly(identities)
  await meetHostileApiServer(identities)
  await losePeers(identities)
  await enrolBadly()
  await beRevoked()
}, 240_000)
afterAll(async () => {
  await gateway.end()
  await world.close()
})

const podToken = (): Promise<string> =>
  readFile(join(world.gatewayOptions.serviceAccountFolder, 'token'), 'utf8')

async function mint(account = pod): Promise<string> {
  const token = await cluster.mintToken(account)
  secrets.set(`the service-account token ${secrets.size}`, token)
  return token
}

async function post(identityId: string, jwt: string): Promise<number> {
  const reply = await logIn(world.controlPlane.url, identityId, jwt)
  if (reply.status === 200) secrets.set(`the access token ${secrets.size}`, textAt(reply.body, 'accessToken'))
  return reply.status
}

const untilPrinted = (by: GatewayProcess, line: string): Promise<void> =>
  vi.waitFor(() => expect(by.output()).toContain(line), patience)

/** The keys that its file holds by now. */
async function keepGatewayKeys(): Promise<void> {
  const file = world.gatewayOptions.credential.replace(/^file:/, '')
  const record = JSON.parse(await readFile(file, 'utf8')) as JsonObject
  for (const name of ['privateKey', 'nextPrivateKey']) {
    if (record[name] === undefined) continue
    const key = textAt(record, `${name}.d`)
    secrets.set(`the gateway’s private key ${key.slice(0, 4)}`, key)
  }
}

async function createIdentities(): Promise<readonly string[]> {
  const { platform, gatewayId } = world
  const host = { kubernetesHost: cluster.url, caCert: cluster.caCert }
  const stored = { ...host, tokenReviewerJwt: secrets.get('the reviewer JWT') }
  const ids: string[] = []
  for (const settings of [
    { tokenReviewMode: 'gateway', gatewayId },
    stored,
    host,
    { ...stored, gatewayId },
    { ...host, gatewayId },
  ]) {
    const id = await createIdentity(platform, `identity-${ids.length}`)
    const rules = { allowedNamespaces: 'shop', allowedNames: 'checkout' }
    await attachKubernetesAuth(platform, id, { ...rules, ...settings })
    ids.push(id)
  }
  return ids
}

async function logInWellAndBadly(identities: readonly string[]): Promise<void> {
  const expired = await cluster.mintExpiredToken(pod)
  secrets.set('an expired token', expired)
  for (const id of identities) {
    const token = await mint()
    expect(await post(id, `${token}\n`)).toBe(200)
    for (const bad of [await mint(anotherPod), expired, `${token}x`, token.slice(0, -20)]) {
      expect(await post(id, bad)).toBe(401)
    }
  }
  await cluster.revokeTokenReview(gatewayAccount.namespace, gatewayAccount.name)
  await cluster.revokeTokenReview(reviewer.namespace, reviewer.name)
  for (const id of identities) await post(id, await mint())
  await cluster.grantTokenReview(gatewayAccount.namespace, gatewayAccount.name)
  await cluster.grantTokenReview(reviewer.namespace, reviewer.name)
}

/** All that a broken or a bad one could say of what it was sent. */
function hostilities(token: string, everything: string): MisbehaveOptions['how'][] {
  const user = {
    username: everything,
    uid: token,
    groups: [everything, token],
    extra: { token: [everything] },
  }
  return [
    ...([401, 403, 429, 500, 503] as const).map(
      (code) => ({ kind: 'refuse', code, message: everything }) as const,
    ),
    { kind: 'redirect', location: `https://127.0.0.1:1/?token=${token}` },
    { kind: 'status-field', value: { authenticated: false, error: everything } },
    { kind: 'status-field', value: { authenticated: true, user, audiences: [token] } },
    { kind: 'status-field', value: everything },
    { kind: 'truncate' },
  ]
}

async function meetHostileApiServer(identities: readonly string[]): Promise<void> {
  const reviewerJwt = secrets.get('the reviewer JWT') ?? ''
  for (const id of identities) {
    for (let index = 0; index < hostilities('', '').length; index += 1) {
      const token = await mint()
      const quoted = `Bearer ${await podToken()} ${reviewerJwt} cannot take ${token} nor ${token.slice(400)}`
      const how = hostilities(token, quoted)[index]
      if (how !== undefined) cluster.misbehave({ on: 'everything', how })
      expect(await post(id, token)).toBeGreaterThanOrEqual(400)
      cluster.behave()
    }
  }
}

async function losePeers([id = '']: readonly string[]): Promise<void> {
  await world.killControlPlane()
  await untilPrinted(gateway, 'the tunnel is down')
  await world.restartControlPlane()
  await vi.waitUntil(async () => (await post(id, await mint())) === 200, patience)
  await keepGatewayKeys()

  // Its first look at its own rights finds an API server that quotes its token.
  await gateway.end()
  cluster.misbehave({
    on: 'tokenreviews',
    how: { kind: 'refuse', code: 403, message: `no, ${await podToken()}` },
  })
  gateway = await spawnGateway(world.gatewayOptions)
  gateways.push(gateway)
  await untilPrinted(gateway, 'the API server does not review as it should')
  cluster.behave()
  await untilPrinted(gateway, 'the key was rotated')
  await keepGatewayKeys()
}

/** With a token that is used up, and at somebody else who quotes what is sent. */
async function enrolBadly(): Promise<void> {
  const { enrolmentToken } = world
  const credential = (name: string): string => `${world.gatewayOptions.credential}.${name}`
  const late = await spawnGateway({ ...world.gatewayOptions, credential: credential('late'), enrolmentToken })
  gateways.push(late)
  expect(await late.ended).toMatchObject({ code: 1 })

  const echo = createServer((request, response) => void quoteBack(request, response)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = echo.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const lost = await spawnGateway({
    ...world.gatewayOptions,
    controlPlaneUrl: `http://127.0.0.1:${port}`,
    credential: credential('lost'),
    enrolmentToken,
  })
  gateways.push(lost)
  await untilPrinted(lost, 'no credential yet')
  await lost.end()
  echo.closeAllConnections()
  echo.close()
}

async function quoteBack(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await request.setEncoding('utf8').toArray()
  const message = `${sent.join('')} ${JSON.stringify(request.headers)}`
  response.writeHead(500, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ reqId: '1', statusCode: 500, message, error: message }))
}

async function beRevoked(): Promise<void> {
  expectOk(await world.platform.admin.post(`/api/v3/gateways/${world.gatewayId}/revoke`))
  expect(await gateway.ended).toMatchObject({ code: 1 })
}

describe('T31: what is secret', () => {
  it('would be found: the search finds any piece of each', () => {
    expect(secrets.size).toBeGreaterThan(70)
    expect([...secrets.keys()].filter((name) => name.includes('private key')).length).toBeGreaterThan(1)
    const pieces = [...secrets.values()].map((secret) => secret.slice(-24, -8))
    const inHexadecimal = pieces.map((piece) => Buffer.from(piece).toString('hex'))
    for (const each of [pieces, inHexadecimal]) {
      expect(findTraces(each.join(' '), secrets)).toEqual([...secrets.keys()])
    }
  })

  it('is in nothing that the gateway prints', () => {
    const text = gatewayOutput()
    for (const line of ['enrolled; credential kept', 'create a new enrolment token', 'this needs a person']) {
      expect(text).toContain(line)
    }
    expect(findTraces(text, secrets)).toEqual([])
    // Nor in a token that the gateway made itself.
    expect(text).not.toMatch(/eyJ[\w-]{8}/)
  })

  it('is in nothing that the control plane prints', () => {
    const text = world.controlPlaneOutput()
    expect(text).toContain('/api/v1/auth/kubernetes-auth/login')
    expect(findTraces(text, secrets)).toEqual([])
    expect(text).not.toMatch(/eyJ[\w-]{8}/)
  })
})
