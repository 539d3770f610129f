import type { FrameSocket, PeerLimits, TunnelPurpose, WelcomeFrame } from '@postern/protocol'
import type { ConnectTo } from '../http/control-plane-connections.ts'
import type { ClockCorrection } from './clock-correction.ts'
import { dial } from './dial.ts'
import { handshake } from './handshake.ts'
import type { DialFailure, TunnelRefusal } from './outcome.ts'
import { signGatewayJwt, type GatewayCredential } from './sign-gateway-jwt.ts'
import { tunnelAddress } from './tunnel-url.ts'
import { unlessStopped } from './unless-stopped.ts'
import { within } from './within.ts'

/** The gateway's key, which rotates. `CredentialKeeper` is one. */
export interface TunnelCredential {
  /** To sign the next dial with. */
  readonly current: GatewayCredential
  /** Takes what another process has stored. Never rejects. */
  reread(): Promise<void>
  /** The control plane knows the key no longer. True: `current` has another now. Never rejects. */
  replaceRefused(keyId: string): Promise<boolean>
  /** The key has opened a tunnel. Never rejects. */
  proved(keyId: string): Promise<void>
  /** Told of each other key from now on; returns how to stop. */
  onChange(listener: () => void): () => void
}

export interface ReachOptions {
  /** `https://postern.example.com`, or http for development. */
  controlPlaneUrl: string
  credential: TunnelCredential
  connectTo: ConnectTo
  clock: ClockCorrection
  /** Random per process. */
  instanceId: string
  /** This build's version, for operators to read. */
  software: string
  /** Bits of what this gateway can do. */
  features: number
  limits: PeerLimits
  /** For the whole way from the name look-up to Welcome, in milliseconds. */
  connectTimeoutMs?: number | undefined
}

/** One connection that is wanted. */
export interface Wanted {
  slot: number
  epoch: number
  purpose: TunnelPurpose
  /** Of the DialStreams that is answered; empty for reviews. */
  ticket: Uint8Array
  /** The clock was corrected for this dial already. */
  clockCorrected: boolean
  stop: AbortSignal
}

export interface Welcomed {
  kind: 'welcomed'
  socket: FrameSocket
  welcome: WelcomeFrame
  /** Of the key that opened it. */
  keyId: string
}

/** Dial and handshake. Never rejects, and leaves no socket behind unless welcomed. */
export type ReachControlPlane = (wanted: Wanted) => Promise<Welcomed | DialFailure>

const connectTimeoutMsDefault = 10_000
/** The credential is known already: a store that is slow keeps no tunnel from opening. */
const rereadMsMax = 2_000

export function createReachControlPlane(options: ReachOptions): ReachControlPlane {
  const { credential, clock, connectTo, instanceId, software, features, limits } = options
  const address = tunnelAddress(options.controlPlaneUrl)
  const { host } = new URL(address.url)

  return async (wanted) => {
    const { stop } = wanted
    await within(rereadMsMax, credential.reread())
    if (stop.aborted) return { kind: 'stopped' }
    const deadline = AbortSignal.timeout(options.connectTimeoutMs ?? connectTimeoutMsDefault)
    let { keyId } = credential.current
    const bearer = (): string => {
      ;({ keyId } = credential.current)
      return signGatewayJwt(credential.current, address.origin, clock.now())
    }
    const dialled = await dial({ url: address.url, bearer, connectTo, deadline, stop })
    if (dialled.kind === 'refused') return judge(dialled.refusal, keyId, wanted, options)
    if (dialled.kind !== 'connected') return dialled

    const { socket } = dialled
    const { slot, epoch, purpose, ticket } = wanted
    const hello = { instanceId, slot, epoch, purpose, ticket, software, features, limits }
    const greeted = await handshake(socket, { host, ...hello, deadline, stop })
    if (greeted.kind === 'refused') return judge(greeted.refusal, keyId, wanted, options)
    if (greeted.kind !== 'welcomed') return greeted
    clock.learn(greeted.welcome.serverTimeMs)
    await within(rereadMsMax, credential.proved(keyId))
    return { ...greeted, socket, keyId }
  }
}

/** What is behind a refusal: the clock, the key, or what it says. */
async function judge(
  refusal: TunnelRefusal,
  keyId: string,
  wanted: Wanted,
  { clock, credential }: ReachOptions,
): Promise<DialFailure> {
  const offsetMs = clock.correctBy(refusal)
  if (offsetMs !== undefined && !wanted.clockCorrected) return { kind: 'clock-off', offsetMs, refusal }
  const isOfKey = refusal.permanent && refusal.status === 401
  if (!isOfKey) return { kind: 'refused', refusal }
  // Whether the key was replaced decides if this is for good: that waits for a slow store, and only a stop ends it.
  const isReplaced = await unlessStopped(wanted.stop, credential.replaceRefused(keyId))
  if (isReplaced === undefined) return { kind: 'stopped' }
  return { kind: isReplaced ? 'key-replaced' : 'refused', refusal }
}
