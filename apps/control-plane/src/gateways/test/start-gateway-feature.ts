import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { createCommit } from '../../database/commit.ts'
import type { Schema } from '../../database/schema.ts'
import { ApiError } from '../../http/api-error.ts'
import { type StartedHttpServer, startHttpServer } from '../../http/test/start-http-server.ts'
import { builtInOrganizationRoles } from '../../permissions/organization-rights.ts'
import { identityActor } from '../../permissions/test/actor-fixtures.ts'
import { openGatewayCredentials } from '../../open-gateway-credentials.ts'
import { type AuthenticateGateway, createAuthenticateGateway } from '../authenticate-gateway.ts'
import type { GatewayCredential } from '../gateway-credential-store.ts'
import { createGatewayCredentialStorePostgres } from '../gateway-credential-store-postgres.ts'
import { registerGatewayEnrolmentRoutes } from '../gateway-enrolment-routes.ts'
import { createGatewayKeyStorePostgres } from '../gateway-key-store-postgres.ts'
import { createGatewayKubernetesAuthStorePostgres } from '../gateway-kubernetes-auth-store-postgres.ts'
import { registerGatewayRoutes } from '../gateway-routes.ts'
import { createGatewayStorePostgres } from '../gateway-store-postgres.ts'
import type { LiveTunnels } from '../live-tunnels.ts'
import { createRotateGatewayKey, type RotateGatewayKey } from '../rotate-gateway-key.ts'
import { startRevocationWatch } from '../revocation-watch.ts'
import { createTestCluster, type TestCluster } from './test-cluster.ts'
import { createRecordedAudit, type RecordedAudit } from './recorded-audit.ts'

/** Tunnels as one replica holds them: what authenticated, until it is closed. */
export interface TestTunnels extends LiveTunnels {
  open(credential: GatewayCredential): void
  readonly closed: { gatewayId: string; reason: string; keyId: string }[]
}

export interface GatewayFeature {
  server: StartedHttpServer
  audit: RecordedAudit
  tunnels: TestTunnels
  /** Vouches for pods, in the place of every reviewer. */
  cluster: TestCluster
  authenticateGateway: AuthenticateGateway
  rotateGatewayKey: RotateGatewayKey
  /** The organizations that it told of as having lost a gateway. */
  readonly deletedIn: string[]
  /** Moves the clock that enrolment and administration read. */
  advance(ms: number): void
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
  close(): Promise<void>
}

export interface CallOptions {
  /** Whose token is sent: `<role> <organization id>`; a stranger without. */
  as?: string
  body?: unknown
}

export interface Reply {
  status: number
  // What a test reads of a reply is checked by its own expectations.
  body: Record<string, unknown> & { message?: unknown }
}

export const origin = 'https://postern.example.com'

/** Marks what it has sealed, so that a test sees secrets that are not. */
const keyring = {
  encryptFor: (organizationId: string, context: string, plaintext: string) =>
    Promise.resolve(Buffer.from(`${organizationId} ${context} ${Buffer.from(plaintext).toString('base64')}`)),
  decryptFor: (organizationId: string, context: string, ciphertext: Buffer) => {
    const [sealedFor, sealedAs, text = ''] = ciphertext.toString().split(' ')
    if (sealedFor !== organizationId || sealedAs !== context) throw new Error('sealed for another place')
    return Promise.resolve(Buffer.from(text, 'base64').toString())
  },
}

/** The whole feature as app.ts joins it, as one replica on the given database, with a watch on the real clock. */
export async function startGatewayFeature(
  database: Kysely<Schema>,
  options: { strangerRequestsPerMinute?: number; failedLoginsPerMinutePerIdentity?: number } = {},
): Promise<GatewayFeature> {
  const gateways = createGatewayStorePostgres(database)
  const credentials = createGatewayCredentialStorePostgres(database)
  const audit = createRecordedAudit()
  const tunnels = createTestTunnels()
  let aheadMs = 0
  const now = (): Date => new Date(Date.now() + aheadMs)
  const commit = createCommit(database, (transaction) => ({
    gateways: createGatewayStorePostgres(transaction),
    gatewayCredentials: createGatewayCredentialStorePostgres(transaction),
    gatewayKeys: createGatewayKeyStorePostgres(transaction),
    gatewayAuths: createGatewayKubernetesAuthStorePostgres(transaction, keyring),
    audit,
  }))
  const gatewayAuths = createGatewayKubernetesAuthStorePostgres(database, keyring)
  const cluster = createTestCluster()
  const deletedIn: string[] = []
  const opened = openGatewayCredentials({
    config: { publicUrl: `${origin}/`, failedLoginsPerMinutePerIdentity: 300, ...options },
    gateways,
    gatewayAuths,
    commit,
    auditLog: audit,
    tunnels,
    reviews: cluster,
    onDeleted: (organizationId) => void deletedIn.push(organizationId),
    now,
    elapsed: () => performance.now(),
  })
  const watch = startRevocationWatch({
    credentials,
    tunnels,
    logger: { warn: () => undefined },
    now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  const server = await startHttpServer((routes) => {
    registerGatewayRoutes(routes, {
      authenticate: (request) => Promise.resolve(actorOf(request.headers.authorization)),
      ...opened,
      gateways,
      gatewayAuths,
      tunnels,
      now,
    })
    registerGatewayEnrolmentRoutes(routes, opened)
  }, options)
  return {
    server,
    audit,
    tunnels,
    cluster,
    deletedIn,
    rotateGatewayKey: createRotateGatewayKey({ commit, auditLog: audit, logger: { warn: () => undefined } }),
    authenticateGateway: createAuthenticateGateway({ credentials, audit, audiences: [origin] }),
    advance: (ms) => {
      aheadMs += ms
    },
    call: (method, path, callOptions) => call(server.url, method, path, callOptions),
    close: async () => {
      await watch.close()
      await server.close()
    },
  }
}

export function actorOf(authorization: string | undefined) {
  const [, roleName, organizationId] = authorization?.split(' ') ?? []
  const role = builtInOrganizationRoles.find((known) => known === roleName)
  if (role === undefined || organizationId === undefined) throw new ApiError('Unauthorized', 'Log in')
  return identityActor({ identityId: '00000000-0000-4000-8000-000000000001', organizationId, role })
}

export async function call(
  url: string,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Reply> {
  const reply = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(options.as === undefined ? {} : { authorization: `Bearer ${options.as}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  const body: unknown = await reply.json()
  return { status: reply.status, body: isRecord(body) ? body : {} }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function createTestTunnels(): TestTunnels {
  let connected: GatewayCredential[] = []
  const closed: TestTunnels['closed'] = []
  return {
    closed,
    open: (credential) => {
      connected.push(credential)
    },
    connectedCredentials: () => connected,
    tunnelCount: (gatewayId) => connected.filter((credential) => credential.gatewayId === gatewayId).length,
    healthOf: (gatewayId) => ({
      status: connected.some((credential) => credential.gatewayId === gatewayId) ? 'healthy' : 'disconnected',
    }),
    clusterOf: () => undefined,
    closeTunnelsOf: (gatewayId, reason, keyIds) => {
      const isClosed = (credential: GatewayCredential): boolean =>
        credential.gatewayId === gatewayId && (keyIds?.has(credential.keyId) ?? true)
      for (const { keyId } of connected.filter(isClosed)) closed.push({ gatewayId, reason, keyId })
      connected = connected.filter((credential) => !isClosed(credential))
    },
  }
}
