import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { ReviewTokenFrame } from '@postern/protocol'
import { openConnection } from '../../http/open-connection.ts'
import type { ReviewResult, ReviewToken, ReviewTokenRequest } from '../../token-review/review-token.ts'
import { InFlight } from '../in-flight.ts'
import { openTunnels, type Tunnels, type TunnelsOptions } from '../open-tunnels.ts'
import type { TunnelCredential } from '../reach-control-plane.ts'
import { systemTiming, type Timing } from '../timing.ts'
import { noObserver } from '../tunnel-observer.ts'
import type { TunnelState } from '../tunnel-state.ts'
import { FakeControlPlane } from './fake-control-plane.ts'
import { fixedCredential } from './fixed-credential.ts'

export const gatewayId = '0f0e0d0c-0b0a-4908-8706-050403020100'

/** Between looks at the stored credential; a tunnel that has settled beside another tries again after twice as long. */
const watchMs = 30_000

/** Real time, without the waits between dials; those are noted. Long ones come as rarely as ever. */
export class QuickTiming implements Timing {
  readonly waits: number[] = []
  wallOffsetMs = 0
  now = (): number => systemTiming.now() + this.wallOffsetMs
  elapsed = (): number => systemTiming.elapsed()
  random = (): number => 0.5
  sleep = async (ms: number, signal: AbortSignal): Promise<void> => {
    const isWatch = ms > 0 && ms % watchMs === 0
    if (!isWatch) this.waits.push(ms)
    await systemTiming.sleep(isWatch ? ms : 1, signal)
  }
}

const verdict: ReviewResult = {
  kind: 'reviewed',
  verdict: { authenticated: true, username: 'u', uid: '1', groups: [], audiences: [] },
}

export interface Opened {
  tunnels: Tunnels
  /** Of the first slot. */
  state: () => TunnelState | undefined
  ended: Tunnels['ended']
  close: Tunnels['close']
}

/** A gateway's tunnels and the control plane that they are dialled at. */
export class TunnelBench {
  readonly keys = generateKeyPairSync('ed25519')
  readonly timing = new QuickTiming()
  readonly states: TunnelState[] = []
  readonly log: { message: string; fields: object }[] = []
  readonly asked: ReviewTokenRequest[] = []
  server: FakeControlPlane
  #tunnels: Tunnels | undefined

  private constructor(server: FakeControlPlane) {
    this.server = server
  }

  static async start(): Promise<TunnelBench> {
    return new TunnelBench(await FakeControlPlane.start())
  }

  async stop(): Promise<void> {
    await this.#tunnels?.close()
    await this.server.stop()
  }

  /** One tunnel, unless the test says otherwise. */
  open(options: Partial<TunnelsOptions> & { reviewToken?: ReviewToken } = {}): Opened {
    const note = (fields: object, message: string): void => {
      this.log.push({ fields, message })
    }
    const { reviewsInFlightMax = 128, reviewsQueuedMax = 256 } = options
    const reviewToken: ReviewToken = async (request) => {
      this.asked.push(request)
      return verdict
    }
    const tunnels = openTunnels({
      controlPlaneUrl: this.server.url,
      credential: fixedCredential({ gatewayId, keyId: 'key-1', privateKey: this.keys.privateKey }),
      inFlight: new InFlight({
        reviewToken: options.reviewToken ?? reviewToken,
        elapsed: () => performance.now(),
        reviewsInFlightMax,
        reviewsQueuedMax,
      }),
      log: { info: note, warn: note, error: note },
      software: '0.1.0',
      slots: 1,
      connectTo: (destination, signal) =>
        openConnection({ destination, proxy: undefined, trust: undefined, signal }),
      timing: this.timing,
      observer: { ...noObserver, entered: (_, state) => void this.states.push(state) },
      ...options,
    })
    this.#tunnels = tunnels
    const { ended, close } = tunnels
    return { tunnels, ended, close, state: () => tunnels.states()[0] }
  }
}

/** A review that ends when the test says so. */
export class HeldReviews {
  readonly #answers: ((result: ReviewResult) => void)[] = []
  readonly reviewToken: ReviewToken = () =>
    new Promise((resolve) => {
      this.#answers.push(resolve)
    })

  answerAll(): void {
    for (const answer of this.#answers.splice(0)) answer(verdict)
  }
}

export function review(requestId: number): ReviewTokenFrame {
  const nonce = new Uint8Array(16).fill(requestId)
  return {
    kind: 'review-token',
    requestId,
    nonce,
    token: `a.b.${requestId}`,
    audiences: [],
    deadlineMs: 5000,
    attempt: 1,
  }
}

export interface ChangingCredential extends TunnelCredential {
  /** Which keys have opened a tunnel. */
  readonly proven: readonly string[]
  change(keyId: string): void
}

/** A key that changes when the test says so. `others`: what a refused key gives way to. */
export function changingCredential(privateKey: KeyObject, others: string[] = []): ChangingCredential {
  const listeners = new Set<() => void>()
  const proven: string[] = []
  let keyId = 'key-1'
  return {
    proven,
    get current() {
      return { gatewayId, keyId, privateKey }
    },
    change(next) {
      keyId = next
      for (const listener of listeners) listener()
    },
    reread: () => Promise.resolve(),
    async replaceRefused() {
      const next = others.shift()
      keyId = next ?? keyId
      return next !== undefined
    },
    async proved(proof) {
      proven.push(proof)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
