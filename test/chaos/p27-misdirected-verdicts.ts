import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame, ReviewTokenFrame, TokenReviewedFrame } from '@postern/protocol'
import { openChoosing } from '../../apps/control-plane/src/gateway-pools/choosing/open-choosing.ts'
import { silentReviewObserver } from '../../apps/control-plane/src/gateway-pools/choosing/review-observer.ts'
import {
  createReviewThroughPool,
  membersOfGateway,
} from '../../apps/control-plane/src/gateway-pools/review-through-pool.ts'
import type { TokenReviewer } from '../../apps/control-plane/src/login/token-reviewer.ts'
import { createTunnelEndpoint } from '../../apps/control-plane/src/tunnel/tunnel-endpoint.ts'
import { silentObserver } from '../../apps/control-plane/src/tunnel/tunnel-observer.ts'
import { TunnelRegistry } from '../../apps/control-plane/src/tunnel/tunnel-registry.ts'
import type { Experiment } from './experiment.ts'
import { connectPlainGateway } from './plain-gateway.ts'

type Send = (frame: Frame) => void

const gatewayIds = ['one', 'other'] as const
const budgetMs = 100
const elapsed = (): number => performance.now()

export const misdirectedVerdicts: Experiment = {
  name: 'P27',
  asked:
    'a verdict never reaches a login that it is not for: swapped, forged, late and of another gateway, all are discarded and counted',
  run: async (size) => {
    const discarded: Record<string, number> = {}
    const side = await startServerSide(discarded)
    const liars = new Liars()
    for (const gatewayId of gatewayIds) {
      for (const instanceId of ['a', 'b']) {
        await connectPlainGateway({
          origin: side.origin,
          ca: '',
          gatewayId,
          instanceId,
          review: (review, send) => liars.take(gatewayId, review, send),
        })
      }
    }
    const tally = await reviewAll(side.reviewerOf, size === 'quick' ? 5_000 : 100_000)
    // The last late answers.
    await sleep(3 * budgetMs)
    await side.close()
    const kinds = ['wrong-nonce', 'wrong-token', 'nobody-waits']
    return {
      measured: { ...tally, answersSent: liars.sent, discarded },
      ok: tally.misdirected === 0 && tally.right > 0 && kinds.every((kind) => (discarded[kind] ?? 0) > 0),
    }
  },
}

interface ServerSide {
  origin: string
  reviewerOf: (gatewayId: string) => TokenReviewer
  close: () => Promise<void>
}

async function startServerSide(discarded: Record<string, number>): Promise<ServerSide> {
  const registry = new TunnelRegistry({ elapsed })
  const choosing = openChoosing({ elapsed, observer: silentReviewObserver })
  const silent = (): void => undefined
  const endpoint = createTunnelEndpoint({
    registry,
    authenticateGateway: async ({ bearer }) => {
      const gatewayId = bearer?.split('.', 1)[0] ?? ''
      return { ok: true, gatewayId, organizationId: 'organization', keyId: gatewayId }
    },
    rotateGatewayKey: async () => ({ code: 'refused', keyId: '', detail: '' }),
    replicaId: 'experiment',
    log: { info: silent, warn: silent, error: silent },
    observer: {
      ...silentObserver,
      answerDiscarded: (reason) => {
        discarded[reason] = (discarded[reason] ?? 0) + 1
      },
    },
    finishWithinMs: 100,
  })
  const server = createServer()
  server.on('upgrade', endpoint.handleUpgrade)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reviewerOf: (gatewayId) =>
      createReviewThroughPool({
        target: { kind: 'gateway', gatewayId },
        organizationId: 'organization',
        state: choosing,
        tunnels: registry,
        members: membersOfGateway(gatewayId),
      }),
    close: async () => {
      await endpoint.close()
      choosing.close()
      server.close()
    },
  }
}

interface Tally {
  reviews: number
  right: number
  failed: number
  misdirected: number
}

async function reviewAll(reviewerOf: ServerSide['reviewerOf'], reviews: number): Promise<Tally> {
  const tally: Tally = { reviews, right: 0, failed: 0, misdirected: 0 }
  let started = 0
  const caller = async (gatewayId: string): Promise<void> => {
    const reviewer = reviewerOf(gatewayId)
    while (started < reviews) {
      const token = `token.${(started += 1)}.x`
      const outcome = await reviewer.review({ token, audiences: [], budgetMs })
      if (outcome.kind === 'failed') tally.failed += 1
      else if (outcome.verdict.authenticated && outcome.verdict.username === usernameOf(gatewayId, token))
        tally.right += 1
      else tally.misdirected += 1
    }
  }
  await Promise.all(Array.from({ length: 32 }, (_, index) => caller(gatewayIds[index % 2] ?? 'one')))
  return tally
}

/** Gateways that answer some reviews rightly, and others with what is not theirs. */
class Liars {
  sent = 0
  /** What waits to be swapped with the next, by gateway. */
  readonly #held = new Map<string, { review: ReviewTokenFrame; send: Send }>()
  readonly #sends = new Map<string, Send>()

  take(gatewayId: string, review: ReviewTokenFrame, send: Send): void {
    this.#sends.set(gatewayId, send)
    const right = verdictOn(gatewayId, review)
    const forged = { ...right, username: 'forged' }
    const fate = Math.random()
    if (fate < 0.4) this.#say(send, right)
    else if (fate < 0.55) this.#swap(gatewayId, review, send)
    else if (fate < 0.7) this.#say(send, { ...forged, nonce: Buffer.alloc(16, 1) })
    else if (fate < 0.85) this.#say(send, { ...forged, tokenSha256: Buffer.alloc(32, 1) })
    else if (fate < 0.95) setTimeout(() => this.#say(send, right), budgetMs * 1.5)
    else this.#tellByAnother(gatewayId, forged)
  }

  /** All that there is to know of the review, told by a gateway that was not asked. */
  #tellByAnother(gatewayId: string, forged: TokenReviewedFrame): void {
    const another = this.#sends.get(gatewayId === 'one' ? 'other' : 'one')
    if (another !== undefined) this.#say(another, forged)
  }

  #swap(gatewayId: string, review: ReviewTokenFrame, send: Send): void {
    const held = this.#held.get(gatewayId)
    if (held === undefined) {
      this.#held.set(gatewayId, { review, send })
      return
    }
    this.#held.delete(gatewayId)
    this.#say(send, { ...verdictOn(gatewayId, held.review), requestId: review.requestId })
    this.#say(held.send, { ...verdictOn(gatewayId, review), requestId: held.review.requestId })
  }

  #say(send: Send, verdict: TokenReviewedFrame): void {
    this.sent += 1
    send(verdict)
  }
}

function usernameOf(gatewayId: string, token: string): string {
  return `${gatewayId} of ${token}`
}

function verdictOn(gatewayId: string, review: ReviewTokenFrame): TokenReviewedFrame {
  return {
    kind: 'token-reviewed',
    requestId: review.requestId,
    nonce: review.nonce,
    tokenSha256: createHash('sha256').update(review.token).digest(),
    authenticated: true,
    username: usernameOf(gatewayId, review.token),
    uid: '1',
    groups: [],
    audiences: [],
    error: '',
  }
}
