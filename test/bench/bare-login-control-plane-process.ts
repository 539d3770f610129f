// The control plane's part of the bare login (bare-login.ts): over HTTP a token comes in, over a WebSocket it goes to the
// gateway and its verdict comes back, an access token is signed, a row is committed with its neighbours, a line is logged.
// Arguments: URL of the database.
import { hash, randomUUID } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { fastify } from 'fastify'
import { type ZodTypeProvider, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import pg from 'pg'
import { destination } from 'pino'
import sodium from 'sodium-native'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import type { BareAnswer } from './bare-login.ts'

const log = destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 100 })
const record = openAudit(process.argv[2] ?? '')
const sign = createSigner()
const { review, port } = await openTunnel()
const server = openServer()
const url = await server.listen({ port: 0, host: '127.0.0.1' })
process.send?.({ url, tunnelUrl: `ws://127.0.0.1:${port}` })
process.once('disconnect', () => process.exit(0))

function openServer() {
  const server = fastify({ requestIdHeader: false, genReqId: () => randomUUID() })
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(serializerCompiler)
  server.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'x-request-id': request.id,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    done()
  })
  const reply = z.object({
    accessToken: z.string(),
    expiresIn: z.number(),
    accessTokenMaxTTL: z.number(),
    tokenType: z.literal('Bearer'),
  })
  const body = z.object({ identityId: z.string().max(100), jwt: z.string().max(8192) })
  server
    .withTypeProvider<ZodTypeProvider>()
    .post('/login', { schema: { body, response: { 200: reply } } }, async (request) => {
      const { identityId, jwt } = request.body
      const accessToken = await login({ requestId: request.id, ip: request.ip, identityId, jwt })
      return { accessToken, expiresIn: 600, accessTokenMaxTTL: 3600, tokenType: 'Bearer' as const }
    })
  return server
}

interface Login {
  requestId: string
  ip: string
  identityId: string
  jwt: string
}

async function login({ requestId, ip, identityId, jwt }: Login): Promise<string> {
  const startedAt = performance.now()
  const claims: { exp: number } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
  if (claims.exp * 1000 <= Date.now()) throw new Error('the token has expired')
  const tokenHash = hash('sha256', jwt)
  const { username, groups } = await review(jwt, tokenHash)
  const [, kind, namespace = '', name = ''] = username.split(':')
  if (kind !== 'serviceaccount' || !groups.includes('system:serviceaccounts') || namespace !== 'bench')
    throw new Error('not of the namespace')
  const tokenId = randomUUID()
  const accessToken = sign(claimsOf(identityId, tokenId, { namespace, name }))
  const durationMs = Math.round((performance.now() - startedAt) * 100) / 100
  await record({
    occurredAt: new Date().toISOString(),
    organizationId: identityId,
    requestId,
    event: 'kubernetes-login',
    outcome: 'success',
    actorKind: 'identity',
    actorId: identityId,
    identityId,
    ipAddress: ip,
    details: {
      tokenFingerprint: tokenHash.slice(0, 12),
      timingsMs: { find: 0.01, review: durationMs, issue: 0.12, total: durationMs },
      kubernetesAuthId: identityId,
      review: { reviewer: 'gateway', gatewayId: identityId, attempts: 1, tunnelId: identityId },
      serviceAccount: { namespace, name },
      checks: [
        { rule: 'namespace', isMet: true, expected: 'bench', found: namespace },
        { rule: 'name', isMet: true, expected: 'pod-*', found: name },
      ],
      tokenId,
      ttlSeconds: 600,
    },
  })
  const line = {
    level: 'info',
    time: new Date().toISOString(),
    replica: 'r-0123456789abcdef',
    reqId: requestId,
  }
  const what = {
    method: 'POST',
    route: '/api/v1/auth/kubernetes-auth/login',
    statusCode: 200,
    durationMs,
    ip,
  }
  log.write(`${JSON.stringify({ ...line, ...what, msg: 'request' })}\n`)
  return accessToken
}

/** The claims of an access token of Postern. */
function claimsOf(id: string, tokenId: string, kubernetes: { namespace: string; name: string }): object {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: url,
    sub: id,
    jti: tokenId,
    iat: now,
    exp: now + 600,
    identityId: id,
    identityName: 'bench',
    authMethod: 'kubernetes-auth',
    orgId: id,
    rootOrgId: id,
    parentOrgId: id,
    clientSecretId: '',
    identityAccessTokenId: tokenId,
    authTokenType: 'identityAccessToken',
    accessTokenTTL: 600,
    accessTokenMaxTTL: 3600,
    accessTokenPeriod: 0,
    creationEpoch: now,
    creationEpochMs: now * 1000,
    numUsesLimit: 0,
    ipRestrictionEnabled: false,
    identityAuth: { kubernetes },
  }
}

function createSigner(): (claims: object) => string {
  const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES)
  const secretKey = sodium.sodium_malloc(sodium.crypto_sign_SECRETKEYBYTES)
  sodium.crypto_sign_keypair(publicKey, secretKey)
  const kid = hash('sha256', publicKey, 'base64url')
  const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid, typ: 'JWT' })).toString('base64url')
  return (claims) => {
    const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
    const signature = Buffer.allocUnsafe(sodium.crypto_sign_BYTES)
    sodium.crypto_sign_detached(signature, Buffer.from(input, 'latin1'), secretKey)
    return `${input}.${signature.toString('base64url')}`
  }
}

/** One statement at a time, spaced as the product's: whatever comes meanwhile makes up the next. */
function openAudit(databaseUrl: string): (row: object) => Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  let waiting: { row: object; resolve: () => void }[] = []
  let isFlushing = false
  const text = `insert into audit_events (occurred_at, organization_id, request_id, event, outcome, actor_kind, actor_id,
      identity_id, ip_address, details)
    select "occurredAt", "organizationId", "requestId", event, outcome, "actorKind", "actorId", "identityId", "ipAddress",
      details
    from json_to_recordset($1::json) as added ("occurredAt" timestamptz, "organizationId" uuid, "requestId" text,
      event text, outcome text, "actorKind" text, "actorId" text, "identityId" uuid, "ipAddress" text, details jsonb)`
  async function flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    for (let nextAt = 0; waiting.length > 0;) {
      const pauseMs = nextAt - performance.now()
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
      const batch = waiting
      waiting = []
      nextAt = performance.now() + Math.min(4, batch.length)
      await pool.query({ name: 'append', text, values: [JSON.stringify(batch.map(({ row }) => row))] })
      for (const { resolve } of batch) resolve()
    }
    isFlushing = false
  }
  return (row) =>
    new Promise((resolve) => {
      waiting.push({ row, resolve })
      if (isFlushing) return
      isFlushing = true
      void flush()
    })
}

/** One gateway dials in. Frames are JSON, and those of one turn of the event loop leave together. */
async function openTunnel() {
  const tunnels = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await new Promise((resolve) => tunnels.once('listening', resolve))
  const waiting = new Map<number, (answer: BareAnswer) => void>()
  let tunnel: { webSocket: WebSocket; socket: Socket } | undefined
  let isCorked = false
  let lastId = 0
  tunnels.on('connection', (webSocket, { socket }) => {
    tunnel = { webSocket, socket }
    webSocket.on('message', (message: RawData) => {
      if (!Buffer.isBuffer(message)) return
      const answer: BareAnswer = JSON.parse(message.toString())
      waiting.get(answer.id)?.(answer)
      waiting.delete(answer.id)
    })
  })
  async function review(token: string, tokenHash: string): Promise<BareAnswer['user']> {
    const { webSocket, socket } = tunnel ?? {}
    if (webSocket === undefined || socket === undefined) throw new Error('no gateway has dialled in')
    lastId += 1
    const asked = { id: lastId, nonce: randomUUID(), token }
    if (!isCorked) {
      isCorked = true
      socket.cork()
      setImmediate(() => {
        isCorked = false
        socket.uncork()
      })
    }
    webSocket.send(Buffer.from(JSON.stringify(asked)))
    const answer = await new Promise<BareAnswer>((resolve) => waiting.set(asked.id, resolve))
    if (answer.nonce !== asked.nonce || answer.tokenHash !== tokenHash) throw new Error('of another review')
    return answer.user
  }
  return { review, port: (tunnels.address() as AddressInfo).port }
}
