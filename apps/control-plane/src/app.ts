// Longer than other files: the one place that knows every feature, in the order in which they are opened and closed.
import type { KeyObject } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger, RouteOptions } from 'fastify'
import { DatabaseClock } from './access-tokens/database-clock.ts'
import { createReadTrustedIps } from './access-tokens/trusted-ip-lookup.ts'
import { type AuditLogObserver, GroupCommitAuditLog } from './audit/audit-log.ts'
import { type ClosingPhase, closeInPhases } from './close-in-phases.ts'
import type { Config } from './config.ts'
import type { Database } from './database/database.ts'
import type { DatabaseObserver } from './database/database-observer.ts'
import { registerGatewayPoolRoutes } from './gateway-pools/gateway-pool-routes.ts'
import { type ReviewObserver, silentReviewObserver } from './gateway-pools/choosing/review-observer.ts'
import { createPoolDirectory } from './gateway-pools/pool-directory.ts'
import { registerGatewayEnrolmentRoutes } from './gateways/gateway-enrolment-routes.ts'
import { registerGatewayRoutes } from './gateways/gateway-routes.ts'
import { createRotateGatewayKey } from './gateways/rotate-gateway-key.ts'
import type { LogRequest, ObserveRequest } from './http/access-log.ts'
import { registerApiDocument } from './http/api-document.ts'
import { type SendAwayTimes, type ServerDrain, createServerDrain } from './http/drain-server.ts'
import { type HttpServer, createHttpServer } from './http/http-server.ts'
import { createActorLimits } from './http/request-limits.ts'
import { registerStatusRoutes } from './http/status-routes.ts'
import type { Keyring } from './keyring/keyring.ts'
import { createConfigureKubernetesAuth } from './kubernetes-auth/configure-kubernetes-auth.ts'
import { registerKubernetesAuthRoutes } from './kubernetes-auth/kubernetes-auth-routes.ts'
import { type ObservedLogin, createKubernetesLogin } from './login/kubernetes-login.ts'
import { registerLoginRoutes } from './login/login-routes.ts'
import { openAccessTokens } from './open-access-tokens.ts'
import { openAudit } from './open-audit.ts'
import { openGatewayCredentials } from './open-gateway-credentials.ts'
import { openGatewayPools } from './open-gateway-pools.ts'
import { openGateways } from './open-gateways.ts'
import { openIdentities } from './open-identities.ts'
import { openKeyRotation } from './open-key-rotation.ts'
import { openOrganizationRoles } from './open-organization-roles.ts'
import { openPeople } from './open-people.ts'
import { openProjects } from './open-projects.ts'
import { openReviews } from './open-reviews.ts'
import { createStores, openCommit } from './open-stores.ts'
import { openSecrets } from './open-secrets.ts'
import { openUniversalAuth } from './open-universal-auth.ts'
import { createAuthenticate } from './permissions/authenticate.ts'
import { ChangeNotices } from './replicas/change-notices.ts'
import { LocalReplicaBus } from './replicas/local-replica-bus.ts'
import type { ReplicaBus } from './replicas/replica-bus.ts'
import { keyringOfAll, poolDirectoryOfAll } from './share-forgetting.ts'
import { type TunnelObserver, silentObserver } from './tunnel/tunnel-observer.ts'
import { registerTunnelRoutes } from './tunnel/tunnel-routes.ts'

export type AppConfig = Pick<
  Config,
  | 'listen'
  | 'publicUrl'
  | 'trustedProxies'
  | 'allowInternalKubernetesHosts'
  | 'loginsPerMinutePerIp'
  | 'failedLoginsPerMinutePerIdentity'
  | 'readsPerMinutePerActor'
  | 'writesPerMinutePerActor'
  | 'secretRequestsPerMinutePerActor'
  | 'auditRetentionDays'
  | 'replicaId'
> &
  Partial<Pick<Config, 'signingKeyDaysMax' | 'replicaListen' | 'replicaAddress'>>

export interface AppOptions {
  config: AppConfig
  logger: FastifyBaseLogger
  /** The access log; by default lines of `logger`. */
  logRequest?: LogRequest
  kysely: Database['kysely']
  keyring: Keyring
  /** Of the software. */
  version: string
  observers?: AppObservers
  /** What replicas say to each other; by default that of the only one. Whoever opened it closes it, after the app. */
  bus?: ReplicaBus
  /** Known to every replica. Without it no raw streams go from one to another. */
  instanceSecret?: KeyObject
  /** No other could take over its tunnels: gateways are not asked to dial one first. */
  isOnlyReplica?: boolean
  /** What balancers have to notice that this replica stops. */
  sendAwayTimes?: SendAwayTimes
}

/** For metrics. */
export interface AppObservers {
  request?: ObserveRequest
  /** Each route as it is registered; for those who hold them all to something. */
  route?: (route: RouteOptions) => void
  login?: (login: ObservedLogin & { authMethod: 'kubernetes-auth' | 'universal-auth' }) => void
  auditLog?: AuditLogObserver
  database?: DatabaseObserver
  tunnels?: TunnelObserver
  reviews?: ReviewObserver
}

export interface App {
  server: HttpServer
  listen(): Promise<{ url: string }>
  /** Ends what was begun, in the reverse order of opening; in at most 43 s. The database stays open. */
  close(): Promise<void>
}

const now = (): Date => new Date()
const elapsed = (): number => performance.now()

/** The one place that knows every feature. From top to bottom: what lives, the routes on it, and its end. */
export async function createApp(given: AppOptions): Promise<App> {
  const { config, logger, observers = {} } = given
  const options = { ...given, bus: given.bus ?? new LocalReplicaBus(logger) }
  const parts = await openParts(options)
  const { gateways } = parts
  const server = await createHttpServer({
    trustedProxies: config.trustedProxies,
    strangerRequestsPerMinute: config.loginsPerMinutePerIp,
    logger,
    observeRequest: observers.request ?? (() => undefined),
    ...(options.logRequest === undefined ? {} : { logRequest: options.logRequest }),
    ...(observers.route === undefined ? {} : { observeRoute: observers.route }),
  })
  await registerApiDocument(server, options.version)
  registerRoutesForStrangers(server, options, parts)
  registerRoutesForActors(server, parts)
  openSecrets(server, { ...options, ...parts, access: parts.projects.access, now, elapsed })
  server.server.on('upgrade', gateways.endpoint.handleUpgrade)

  const drain = createServerDrain(server, options.sendAwayTimes)
  return {
    server,
    listen: async () => {
      await gateways.replicaStreams.listen()
      return listen(server, config)
    },
    close: () => closeInPhases(closingPhases(options, parts, drain), logger),
  }
}

/** Readiness is false already. Together at most 43 s, which control-plane.ts and the pod's grace period leave for them. */
function closingPhases(options: AppOptions, parts: Parts, drain: ServerDrain): ClosingPhase[] {
  const { gateways } = parts
  const upgradedCount = (): number => gateways.registry.size + gateways.streams.connectionCount
  return [
    // Logins go on meanwhile: balancers need a moment to see that this replica is not ready.
    ...(options.isOnlyReplica === true
      ? []
      : [{ name: 'gateways and balancers told', budgetMs: 18_500, close: () => tellAll(parts, drain) }]),
    // Before the tunnels: logins under way need them.
    { name: 'requests', budgetMs: 11_000, close: () => drain.finishRequests(upgradedCount) },
    { name: 'raw streams between replicas', budgetMs: 500, close: () => gateways.replicaStreams.close() },
    { name: 'raw streams', budgetMs: 1000, close: () => gateways.streams.close() },
    { name: 'tunnels', budgetMs: 3000, close: () => gateways.endpoint.close() },
    { name: 'http server', budgetMs: 500, close: () => drain.close() },
    { name: 'gateway watches', budgetMs: 500, close: () => gateways.close() },
    { name: 'gateway pool watch', budgetMs: 500, close: () => parts.gatewayPools.close() },
    { name: 'old audit events', budgetMs: 500, close: () => parts.audit.close() },
    { name: 'audit log', budgetMs: 3500, close: () => parts.auditLog.close() },
    { name: 'key rotation', budgetMs: 1000, close: () => parts.keyRotation.close() },
    { name: 'last logins', budgetMs: 500, close: () => parts.lastLogins.close() },
    { name: 'people', budgetMs: 500, close: () => parts.people.close() },
    { name: 'change notices', budgetMs: 100, close: () => Promise.resolve(parts.notices.close()) },
    { name: 'access tokens', budgetMs: 500, close: () => parts.accessTokens.close() },
    { name: 'connections to clusters', budgetMs: 500, close: () => parts.reviews.close() },
  ]
}

/** Tunnels are dialled elsewhere meanwhile: what is asked until the end finds a way to its gateway. */
function tellAll({ gateways }: Parts, drain: ServerDrain): Promise<unknown> {
  gateways.streams.leave()
  return Promise.all([gateways.endpoint.leave(), drain.sendAway()])
}

type Parts = Awaited<ReturnType<typeof openParts>>

async function openParts(options: AppOptions & { bus: ReplicaBus }) {
  const { logger, observers = {} } = options
  const stores = createStores(options)
  const commit = openCommit(options)
  const auditLog = openAuditLog(options, stores)
  const notices = new ChangeNotices(options.bus)
  const clock = new DatabaseClock()
  const shared = { commit, auditLog, notices, logger, now, elapsed }
  const organizationRoles = openOrganizationRoles({ ...shared, store: stores.organizationRoles })
  const { rightsOf } = organizationRoles
  const projects = openProjects({ ...shared, stores })
  const { requireWithinProjects } = projects
  const keyRotation = openKeyRotation({
    ...options,
    ...shared,
    keyring: keyringOfAll(options.keyring, notices),
    store: stores.keyRotation,
  })
  const machines = openIdentities({
    ...shared,
    clock,
    store: stores.identities,
    rightsOf,
    requireWithinProjects,
  })
  const { cache: identities, lastLogins, requireWithinIdentity } = machines
  const poolDirectory = poolDirectoryOfAll(
    createPoolDirectory({ pools: stores.gatewayPools, elapsed }),
    notices,
  )
  const gateways = openGateways({
    ...options,
    poolDirectory,
    gateways: stores.gateways,
    credentials: stores.gatewayCredentials,
    audit: auditLog,
    rotateGatewayKey: createRotateGatewayKey({ commit, auditLog, logger }),
    observer: observers.tunnels ?? silentObserver,
    reviewObserver: observers.reviews ?? silentReviewObserver,
    notices,
    now,
    elapsed,
  })
  const gatewayPools = openGatewayPools({
    pools: stores.gatewayPools,
    members: stores.poolMembers,
    commit,
    directory: poolDirectory,
    tunnels: gateways.tunnels,
    auditLog,
    logger,
    now,
  })
  const reviews = openReviews({
    ...options,
    ...stores,
    clock,
    findPool: gatewayPools.findPoolToCheck,
    gatewayReviewer: gateways.reviewer,
    openStream: gateways.openStream,
    elapsed,
  })
  const gatewayCredentials = openGatewayCredentials({
    ...options,
    commit,
    auditLog,
    gateways: stores.gateways,
    gatewayAuths: stores.gatewayAuths,
    tunnels: gateways.tunnels,
    reviews,
    onDeleted: (organizationId) => poolDirectory.forgetOrganization(organizationId),
    now,
    elapsed,
  })
  const universalAuth = openUniversalAuth({
    ...options,
    stores,
    commit,
    auditLog,
    identities,
    requireWithinIdentity,
    lastLogins,
    observeLogin: (login) => observers.login?.({ ...login, authMethod: 'universal-auth' }),
    now,
    elapsed,
  })
  const accessTokens = await openAccessTokens({
    ...options,
    ...shared,
    clock,
    signingKeys: stores.signingKeys,
    uses: stores.accessTokenUses,
    revocationStore: stores.revocations,
    identities,
    readTrustedIps: createReadTrustedIps({
      'kubernetes-auth': async (identityId) => (await reviews.kubernetesAuths.find(identityId))?.auth,
      'universal-auth': (identityId) => universalAuth.find(identityId),
    }),
    removals: universalAuth.removals,
  })
  const actorLimits = createActorLimits(options.config, elapsed)
  const people = openPeople({ ...options, ...shared, stores, rightsOf, requireWithinProjects, actorLimits })
  const authenticate = createAuthenticate({
    ...people,
    verifyAccessToken: (token, clientIp, admit) => accessTokens.verifier.verify(token, clientIp, admit),
    admit: (actorId, request) => actorLimits.spend(actorId, request),
    findIdentity: (identityId) => identities.findIdentity(identityId),
    rightsOf,
  })
  const audit = openAudit({
    ...shared,
    config: options.config,
    stores,
    authenticate,
    identities,
    kubernetesAuths: reviews.kubernetesAuths,
    rightsOf,
  })
  /** After each committed change of an identity or of how it logs in. */
  const forget = notices.share('identity', (identityId: string) => {
    identities.forget(identityId)
    reviews.kubernetesAuths.forget(identityId)
    universalAuth.forget(identityId)
  })
  return {
    stores,
    commit,
    auditLog,
    identities,
    lastLogins,
    gateways,
    gatewayPools,
    gatewayCredentials,
    reviews,
    universalAuth,
    accessTokens,
    people,
    authenticate,
    audit,
    organizationRoles,
    keyRotation,
    projects,
    machines,
    notices,
    forget,
  }
}

function registerRoutesForStrangers(server: HttpServer, options: AppOptions, parts: Parts): void {
  const { auditLog, identities, lastLogins, reviews, accessTokens } = parts
  registerStatusRoutes(server, { now })
  registerTunnelRoutes(server)
  registerLoginRoutes(server, {
    kubernetesLogin: createKubernetesLogin({
      identities,
      kubernetesAuths: reviews.kubernetesAuths,
      issuer: accessTokens.issuer,
      revocations: accessTokens.revocations,
      auditLog,
      lastLogins,
      observeLogin: (login) => options.observers?.login?.({ ...login, authMethod: 'kubernetes-auth' }),
      failedLoginsPerMinutePerIdentity: options.config.failedLoginsPerMinutePerIdentity,
      nowMs: () => Date.now(),
      monotonicMs: elapsed,
      sleep: (ms) => sleep(ms),
    }),
  })
  registerGatewayEnrolmentRoutes(server, parts.gatewayCredentials)
  parts.people.registerRoutes(server, { ...parts, accessTokenIssuer: accessTokens.issuer })
}

function registerRoutesForActors(server: HttpServer, parts: Parts): void {
  const { authenticate, stores, commit, auditLog, identities, gateways, reviews, accessTokens } = parts
  const { machines, forget } = parts
  const { revocations } = accessTokens
  parts.organizationRoles.registerRoutes(server, { authenticate })
  parts.keyRotation.registerRoutes(server, { authenticate })
  machines.registerRoutes(server, {
    authenticate,
    revocations,
    forget,
    findOrganization: (organizationId) => stores.organizations.find(organizationId),
    listProjectMemberships: parts.projects.listMembershipsOfIdentity,
  })
  parts.projects.registerRoutes(server, { authenticate, revocations, forgetIdentity: forget })
  accessTokens.registerRoutes(server, { authenticate, ...machines })
  parts.universalAuth.registerRoutes(server, { accessTokens, authenticate, onChanged: forget })
  registerKubernetesAuthRoutes(server, {
    authenticate,
    configure: createConfigureKubernetesAuth({
      identities,
      requireWithinIdentity: machines.requireWithinIdentity,
      store: stores.kubernetesAuths,
      commit,
      checkReviewer: reviews.checkReviewer,
      revocations,
      auditLog,
      onChanged: forget,
      now,
    }),
  })
  registerGatewayRoutes(server, {
    ...parts.gatewayCredentials,
    authenticate,
    gateways: stores.gateways,
    gatewayAuths: stores.gatewayAuths,
    tunnels: gateways.tunnels,
    now,
  })
  registerGatewayPoolRoutes(server, {
    authenticate,
    administration: parts.gatewayPools.administration,
    pools: stores.gatewayPools,
    tunnels: gateways.tunnels,
    now,
  })
  parts.audit.registerRoutes(server)
}

type Stores = ReturnType<typeof createStores>

function openAuditLog({ logger, observers = {} }: AppOptions, stores: Stores): GroupCommitAuditLog {
  const observer: AuditLogObserver = {
    ...observers.auditLog,
    failed: (error, rows) => {
      logger.error({ err: error, rows }, 'audit events not written')
      observers.auditLog?.failed?.(error, rows)
    },
  }
  return new GroupCommitAuditLog({ store: stores.auditEvents, observer })
}

async function listen(server: HttpServer, { listen: { host, port } }: AppConfig): Promise<{ url: string }> {
  const url = await server.listen({ host, port, listenTextResolver: (address) => `listening at ${address}` })
  return { url }
}
