import {
  gatewayLimits,
  minorVersion,
  ownFeatures,
  protocolLimits,
  type FrameSocket,
  type HelloFrame,
  type RefusalCode,
} from '@postern/protocol'
import type { AuthenticatedGateway } from './authenticate-upgrade.ts'
import type { CrowdLog } from './crowd-log.ts'
import { GatewaySession } from './gateway-session.ts'
import { greetGateway } from './greet-gateway.ts'
import type { InstanceClaims } from './instance-claims.ts'
import { KeyRotations, type RotateGatewayKey } from './key-rotation.ts'
import { NonceSource } from './nonce-source.ts'
import { ReviewDeadlines } from './review-deadlines.ts'
import { SharedBeats } from './shared-beats.ts'
import { instanceRetryMs } from './session-phase.ts'
import type { TunnelEnding, TunnelLog, TunnelObserver } from './tunnel-observer.ts'
import type { TunnelRegistry } from './tunnel-registry.ts'
import type { UpgradeTurns } from './upgrade-turns.ts'

/**
 * Spends the ticket of a connection for raw streams.
 * @returns what takes the connection over once it was welcomed; undefined: nobody waits for this ticket
 */
export type AcceptStreams = (
  gateway: AuthenticatedGateway,
  hello: HelloFrame,
) => Promise<((socket: FrameSocket) => void) | undefined>

export interface TunnelWelcomeOptions {
  registry: TunnelRegistry
  claims: InstanceClaims
  rotateGatewayKey: RotateGatewayKey
  acceptStreams?: AcceptStreams
  replicaId: string
  log: TunnelLog
  /** However the Hellos of a crowd come, their welcomes come one after the other. */
  turns: Pick<UpgradeTurns, 'next' | 'settled'>
  /** Of what each gateway of a crowd does. */
  crowdLog: CrowdLog
  observer: TunnelObserver
  /** Unix time in milliseconds. */
  now: () => number
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  pingIntervalMs: number
  newTunnelId: () => string
}

interface Refusing {
  code: RefusalCode
  message: string
  permanent?: boolean
  retryAfterMs?: number
}

/**
 * Of the interval that gateways are asked for, this side's own: they ping first, and its Pings go with its Pongs, in one
 * write instead of two. More than a tick of `SharedBeats`, by which a beat may come early; two silences are still less
 * than 10 s.
 */
const followingShare = 1.04

/** Ends that an operator should know of. */
const worrying: ReadonlySet<TunnelEnding['end']> = new Set(['malformed-frame', 'silent'])

/** From an open WebSocket to a session in the registry: Hello, then Welcome or Refusal. */
export class TunnelWelcome {
  readonly #options: TunnelWelcomeOptions
  readonly #nonces = new NonceSource()
  readonly #deadlines: ReviewDeadlines
  readonly #beats: SharedBeats

  constructor(options: TunnelWelcomeOptions) {
    this.#options = options
    this.#deadlines = new ReviewDeadlines(options.elapsed)
    this.#beats = new SharedBeats(options.elapsed)
  }

  /** Never rejects. */
  async greet(socket: FrameSocket, gateway: AuthenticatedGateway, deadline: AbortSignal): Promise<void> {
    const greeting = await greetGateway(socket, deadline)
    const { gatewayId } = gateway
    if (greeting.kind === 'gone') {
      socket.terminate()
      this.#options.crowdLog.write({
        level: 'warn',
        message: 'a gateway did not complete its handshake',
        kind: {},
        fields: { gatewayId, detail: greeting.detail },
      })
    } else if (greeting.kind === 'refuse') this.#refuse(socket, gatewayId, greeting)
    else if (greeting.hello.purpose === 'streams') await this.#takeStreams(socket, gateway, greeting.hello)
    else await this.#takeTunnel(socket, gateway, greeting.hello)
  }

  async #takeTunnel(socket: FrameSocket, gateway: AuthenticatedGateway, hello: HelloFrame): Promise<void> {
    const { registry, claims, turns } = this.#options
    const { gatewayId } = gateway
    if (!(await turns.next(() => !socket.isOpen))) {
      socket.terminate()
      return
    }
    turns.settled()
    if ((await claims.claim(gatewayId, hello)) === 'superseded') {
      this.#refuse(socket, gatewayId, {
        code: 'superseded',
        message: 'another connection has this instance id: does a second process run with it?',
        retryAfterMs: instanceRetryMs,
      })
      return
    }
    if (registry.isFull(gatewayId, hello)) {
      this.#refuse(socket, gatewayId, {
        code: 'overloaded',
        message: 'this gateway has too many tunnels: does each of its processes run once?',
        retryAfterMs: instanceRetryMs,
      })
      return
    }
    this.#begin(socket, gateway, hello)
  }

  async #takeStreams(socket: FrameSocket, gateway: AuthenticatedGateway, hello: HelloFrame): Promise<void> {
    const takeOver = await this.#options.acceptStreams?.(gateway, hello)
    if (takeOver === undefined) {
      // Dialling again may lead to the replica that called, where this one cannot open streams for it.
      const message = 'no replica waits for a connection with this ticket, or it cannot be told'
      this.#refuse(socket, gateway.gatewayId, { code: 'superseded', message })
      return
    }
    this.#sendWelcome(socket, hello)
    takeOver(socket)
  }

  #sendWelcome(socket: FrameSocket, hello: HelloFrame): void {
    const { replicaId, now, pingIntervalMs } = this.#options
    socket.send({
      kind: 'welcome',
      minorVersion,
      features: hello.features & ownFeatures,
      replicaId,
      serverTimeMs: now(),
      pingIntervalMs,
      limits: {
        frameBytesMax: protocolLimits.frameBytesMax,
        tokenBytesMax: protocolLimits.tokenBytesMax,
        ...gatewayLimits,
      },
    })
  }

  #begin(socket: FrameSocket, gateway: AuthenticatedGateway, hello: HelloFrame): void {
    const { registry, observer, crowdLog, elapsed, pingIntervalMs } = this.#options
    this.#sendWelcome(socket, hello)
    const session = new GatewaySession({
      socket,
      tunnelId: this.#options.newTunnelId(),
      gateway,
      hello,
      pingIntervalMs: pingIntervalMs * followingShare,
      nonces: this.#nonces,
      deadlines: this.#deadlines,
      every: this.#beats.every,
      elapsed,
      observer,
      openKeyRotations: (asker) => this.#openKeyRotations(asker, gateway),
      onUnroutable: (leaving) => {
        registry.noteUnroutable(leaving)
      },
      onReport: (reporting) => {
        registry.noteReport(reporting)
      },
      onEnd: (ended, ending) => {
        registry.remove(ended)
        this.#logEnd(ended, ending)
      },
    })
    registry.add(session)
    const { gatewayId, tunnelId, instanceId, slot, epoch, software } = session
    const fields = { gatewayId, tunnelId, instanceId, slot, epoch, software }
    crowdLog.write({ level: 'info', message: 'tunnel opened', kind: {}, fields })
    observer.tunnelOpened(session)
    session.start()
  }

  #openKeyRotations(session: GatewaySession, asker: AuthenticatedGateway): KeyRotations {
    const { rotateGatewayKey, now, elapsed, log } = this.#options
    return new KeyRotations({
      asker,
      rotateGatewayKey,
      now,
      elapsed,
      send: (frame) => {
        session.send(frame)
      },
      log,
    })
  }

  #logEnd({ gatewayId, tunnelId, instanceId, slot }: GatewaySession, ending: TunnelEnding): void {
    const { end, detail, livedMs, idleMs } = ending
    this.#options.crowdLog.write({
      level: worrying.has(end) ? 'warn' : 'info',
      message: 'tunnel closed',
      kind: { end },
      fields: {
        gatewayId,
        tunnelId,
        instanceId,
        slot,
        detail,
        livedMs: Math.round(livedMs),
        idleSeconds: Math.round(idleMs / 100) / 10,
      },
    })
  }

  #refuse(socket: FrameSocket, gatewayId: string, refusing: Refusing): void {
    const { code, message, permanent = false, retryAfterMs = 0 } = refusing
    this.#options.observer.upgradeRefused(code)
    this.#options.crowdLog.write({
      level: 'info',
      message: 'tunnel refused',
      kind: { code },
      fields: { gatewayId, message },
    })
    socket.send({ kind: 'refusal', code, message, retryAfterMs, permanent })
    socket.close()
  }
}
