import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { FrameSocket, heartbeatDefaults, protocolLimits, tunnelSubprotocol } from '@postern/protocol'
import { WebSocketServer } from 'ws'
import { clientNetworkOf } from '../http/client-network.ts'
import {
  authenticateUpgrade,
  type AuthenticateUpgrade,
  type Proof,
  type UpgradeAuthentication,
} from './authenticate-upgrade.ts'
import { CrowdLog } from './crowd-log.ts'
import { InstanceClaims } from './instance-claims.ts'
import type { RotateGatewayKey } from './key-rotation.ts'
import { askGatewaysToLeave, endTunnels } from './leave-gateways.ts'
import { PacedAnswers } from './paced-answers.ts'
import { bearerOf, busy, checkUpgradeForm, keyNameOf } from './read-upgrade.ts'
import type { TunnelLog, TunnelObserver } from './tunnel-observer.ts'
import type { TunnelRegistry } from './tunnel-registry.ts'
import { retryAfterSecondsOf, UpgradeAdmission } from './upgrade-admission.ts'
import { refuseUpgrade, type UpgradeRefusal } from './upgrade-refusal.ts'
import { UpgradeTurns } from './upgrade-turns.ts'
import { TunnelWelcome, type AcceptStreams } from './welcome-gateway.ts'

export interface TunnelEndpointOptions {
  registry: TunnelRegistry
  authenticateGateway: AuthenticateUpgrade
  rotateGatewayKey: RotateGatewayKey
  /** Takes over connections for raw streams; without it they are refused. */
  acceptStreams?: AcceptStreams
  /** Names this replica to gateways. */
  replicaId: string
  log: TunnelLog
  observer: TunnelObserver
  /** Whom the connection is from; the socket's peer when absent. */
  clientIpOf?: (request: IncomingMessage) => string | undefined
  /** The wall clock: Unix time in milliseconds. */
  now?: () => number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed?: () => number
  pingIntervalMs?: number
  /** For the wait for its turn, authentication and Hello together. */
  handshakeTimeoutMs?: number
  handshakesMax?: number
  handshakesPerSecond?: number
  /** What a gateway has to dial another replica, when this one leaves. */
  leaveWithinMs?: number
  /** What the reviews that wait have, when this replica ends its tunnels. */
  finishWithinMs?: number
}

export interface TunnelEndpoint {
  /** For the `upgrade` event of the HTTP server. Answers every request, whatever its path. */
  handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** Takes no new tunnel, and asks the gateways to dial another replica; resolves when each has or cannot, in 18 s at most. */
  leave: () => Promise<void>
  /** Closes all tunnels with GoAway and refuses new ones; resolves when no connection is left. */
  close: () => Promise<void>
  /** Two processes of the gateway show one instance id. */
  isDuplicated: (gatewayId: string) => boolean
}

const defaults = {
  handshakeTimeoutMs: 10_000,
  handshakesMax: 256,
  // The event loop is for logins: 2,000 gateways are back within a minute, and a login waits for few handshakes.
  handshakesPerSecond: 60,
  authenticationsMax: 6,
  leaveWithinMs: 3000,
  finishWithinMs: 2000,
} as const
const crowdLogMs = 5000
/** Who has waited longer for its turn has given up, or will before there is a tunnel: a gateway dials for 10 s. */
const waitMsMax = 7000
/** Of the turns to authenticate: gateways that were held up on the way catch up. */
const welcomesShare = 1.5

/** The server end of tunnels: HTTP upgrade → admission → authentication → Hello → session in the registry. */
export function createTunnelEndpoint(options: TunnelEndpointOptions): TunnelEndpoint {
  const endpoint = new Endpoint(options)
  return {
    handleUpgrade: (request, socket, head) => {
      void endpoint.upgrade(request, socket, head)
    },
    leave: () => endpoint.leave(),
    close: () => endpoint.close(),
    isDuplicated: (gatewayId) => endpoint.isDuplicated(gatewayId),
  }
}

interface Arriving {
  socket: Duplex
  bearer: string | undefined
  ipAddress: string | undefined
  giveUp: AbortController
}

class Endpoint {
  readonly #options: TunnelEndpointOptions
  readonly #now: () => number
  readonly #elapsed: () => number
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: protocolLimits.frameBytesMax,
    handleProtocols: (offered) => (offered.has(tunnelSubprotocol) ? tunnelSubprotocol : false),
  })
  readonly #turns: UpgradeTurns
  readonly #admission: UpgradeAdmission
  readonly #refusals = new PacedAnswers()
  readonly #crowdLog: CrowdLog
  readonly #claims: InstanceClaims
  readonly #welcome: TunnelWelcome
  /** Connections that are not yet tunnels, with what ends their handshake. */
  readonly #arriving = new Map<Duplex, AbortController>()
  #turnedAway = { count: 0, nextLogAt: 0 }
  #isStopping = false

  constructor(options: TunnelEndpointOptions) {
    const { registry, log, observer } = options
    const elapsed = options.elapsed ?? (() => performance.now())
    this.#options = options
    this.#elapsed = elapsed
    this.#now = options.now ?? (() => Date.now())
    const { handshakesPerSecond = defaults.handshakesPerSecond } = options
    this.#crowdLog = new CrowdLog(log)
    const underWayMax = defaults.authenticationsMax
    this.#turns = new UpgradeTurns({ perSecond: handshakesPerSecond, underWayMax, elapsed })
    this.#admission = new UpgradeAdmission({
      concurrentMax: options.handshakesMax ?? defaults.handshakesMax,
      turns: this.#turns,
      elapsed,
    })
    this.#claims = new InstanceClaims({
      registry,
      elapsed,
      duplicated: (gatewayId, instanceId) => {
        observer.instanceDuplicated()
        log.warn(
          { gatewayId, instanceId },
          'two processes of a gateway have one instance id, so only one of them has a tunnel: restart both, and start no process from a snapshot of another',
        )
      },
    })
    this.#welcome = new TunnelWelcome({
      ...options,
      crowdLog: this.#crowdLog,
      turns: new UpgradeTurns({ perSecond: handshakesPerSecond * welcomesShare, underWayMax, elapsed }),
      claims: this.#claims,
      now: this.#now,
      elapsed,
      pingIntervalMs: options.pingIntervalMs ?? heartbeatDefaults.pingIntervalMs,
      newTunnelId: randomUUID,
    })
    observer.countTunnelsBy(() => registry.census())
  }

  isDuplicated(gatewayId: string): boolean {
    return this.#claims.isDuplicated(gatewayId)
  }

  /** Never rejects. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Before ws takes the socket over, nobody else hears its errors; a broken one is noticed by the next step.
    const onError = (): void => {
      socket.destroy()
    }
    socket.on('error', onError)
    const refusal =
      checkUpgradeForm(request) ?? (this.#isStopping ? busy('this replica is stopping', 1) : undefined)
    if (refusal !== undefined) {
      this.#refuse(socket, refusal)
      return
    }
    const ipAddress = this.#options.clientIpOf?.(request) ?? request.socket.remoteAddress
    const bearer = bearerOf(request)
    const dialler = { source: clientNetworkOf(ipAddress ?? ''), keyName: keyNameOf(bearer) }
    const admission = this.#admission.enter(dialler)
    if (!admission.admitted) {
      this.#turnAway(socket, admission.returnAt)
      return
    }
    const giveUp = new AbortController()
    this.#arriving.set(socket, giveUp)
    const timer = setTimeout(
      () => giveUp.abort(),
      this.#options.handshakeTimeoutMs ?? defaults.handshakeTimeoutMs,
    )
    let proof: Proof = 'unclear'
    try {
      const authentication = await this.#authenticateInTurn({ socket, bearer, ipAddress, giveUp })
      if (authentication === undefined) return
      ;({ proof } = authentication)
      if (socket.destroyed) return
      if (authentication.proof !== 'proven') {
        this.#refuse(socket, authentication.refusal)
        return
      }
      socket.removeListener('error', onError)
      const frames = await this.#openWebSocket(request, socket, head)
      await this.#welcome.greet(frames, authentication.gateway, giveUp.signal)
    } catch (error) {
      socket.destroy()
      this.#options.log.error({ err: error }, 'a tunnel could not be opened')
    } finally {
      clearTimeout(timer)
      this.#arriving.delete(socket)
      this.#admission.leave(dialler, proof)
    }
  }

  /** @returns undefined when the gateway went away before it was its turn */
  async #authenticateInTurn({
    socket,
    bearer,
    ipAddress,
    giveUp,
  }: Arriving): Promise<UpgradeAuthentication | undefined> {
    const arrivedAt = this.#elapsed()
    const isLate = (): boolean => this.#elapsed() - arrivedAt > waitMsMax
    if (!(await this.#turns.next(() => socket.destroyed || isLate()))) {
      if (!socket.destroyed) this.#turnAway(socket, this.#elapsed() + waitMsMax)
      return undefined
    }
    try {
      const dial = { bearer, nowMs: this.#now(), ...(ipAddress === undefined ? {} : { ipAddress }) }
      return await authenticateUpgrade(this.#options, dial, giveUp.signal)
    } finally {
      this.#turns.settled()
    }
  }

  async leave(): Promise<void> {
    this.#isStopping = true
    this.#options.registry.endWaiting()
    const { leaveWithinMs = defaults.leaveWithinMs, registry } = this.#options
    await askGatewaysToLeave([...registry.all()], leaveWithinMs)
  }

  async close(): Promise<void> {
    this.#isStopping = true
    for (const [socket, giveUp] of this.#arriving) {
      socket.destroy()
      giveUp.abort()
    }
    this.#refusals.close()
    const { finishWithinMs = defaults.finishWithinMs, registry } = this.#options
    registry.endWaiting()
    await endTunnels([...registry.all()], finishWithinMs)
    this.#crowdLog.flush()
  }

  #openWebSocket(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<FrameSocket> {
    return new Promise((resolve, reject) => {
      // ws answers a malformed upgrade itself and never calls back; the socket's end settles it then.
      const onClose = (): void => {
        reject(new Error('the connection ended during the upgrade'))
      }
      socket.once('close', onClose)
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        socket.removeListener('close', onClose)
        resolve(new FrameSocket(webSocket, socket, 'server'))
      })
    })
  }

  #refuse(socket: Duplex, refusal: UpgradeRefusal): void {
    const { code, status } = refusal
    this.#options.observer.upgradeRefused(code)
    if (code !== 'busy') {
      this.#crowdLog.write({
        level: 'info',
        message: 'tunnel refused',
        kind: { code },
        fields: { status },
      })
    }
    refuseUpgrade(socket, refusal, this.#now())
  }

  #turnAway(socket: Duplex, returnAt: number): void {
    this.#noteTurnedAway()
    this.#refusals.add(() => {
      const retryAfterSeconds = retryAfterSecondsOf(returnAt, this.#elapsed())
      this.#refuse(socket, busy('too many gateways connect at once', retryAfterSeconds))
    })
  }

  /** In a crowd, one line in a while: thousands would cost more than the refusals themselves. */
  #noteTurnedAway(): void {
    this.#turnedAway.count += 1
    const now = this.#elapsed()
    if (now < this.#turnedAway.nextLogAt) return
    const { count } = this.#turnedAway
    this.#turnedAway = { count: 0, nextLogAt: now + crowdLogMs }
    this.#options.log.warn({ count }, 'more dials than this replica takes: they are told when to come back')
  }
}
