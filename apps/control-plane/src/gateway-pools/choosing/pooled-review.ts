import type { AttemptOutcome } from '../../gateways/review-attempt.ts'
import { hashToken } from '../../gateways/token-hash.ts'
import type { ReviewOutcome, ReviewRequest } from '../../login/token-reviewer.ts'
import { hedgeToGiveUp, whenToAskBeside } from './ask-beside.ts'
import { Asking, markOvertaken, triedBy } from './asking.ts'
import { chooseCanary, chooseTunnel } from './choose-tunnel.ts'
import { describeFailure, describeNobody } from './describe-failure.ts'
import { describeRoute, type RouteNames, type WithoutRoute } from './describe-route.ts'
import { canaryAllowedMs, hedgeDelayMs, QuickestAsking } from './hedge-delay.ts'
import {
  type FollowUp,
  followUpOf,
  hasAnsweredInVain,
  isElsewhere,
  isLoss,
  labelOf,
} from './judge-outcome.ts'
import { noteOutcome } from './note-outcome.ts'
import type { ChoosingState, TargetState } from './pool-of-tunnels.ts'
import type { AskingKind, HedgeReason } from './review-observer.ts'
import type { TunnelStanding } from './tunnel-standing.ts'

export interface PooledReviewOptions {
  state: ChoosingState
  target: TargetState
  /** The pool's tunnels that take reviews now. */
  candidates: () => readonly TunnelStanding[]
  /** T6: by what a tunnel's gateway has said of its cluster by now. */
  isAdmitted: (standing: TunnelStanding) => boolean
  /** Waits for a candidate where one was there a moment ago. */
  candidateReturned: (waitMs: number, signal: AbortSignal) => Promise<void>
  /** Whom the audit log is told of. */
  route: RouteNames
}

type AttemptKind = Exclude<AskingKind, 'canary'>

/** The first one and, after a failure, one more. */
const attemptsMax = 2
/** What a canary may take at least, for which nobody waits, in milliseconds. */
const canaryBudgetMs = 2000
/** A process that dies, or a proxy that cuts, takes all tunnels with it, which this side hears one after the other. */
const lossHeardMs = 25

/**
 * One review, from its first tunnel to its one outcome.
 *
 * 1. `#finish` has effect once; from then on no tunnel is asked, and those under way have been cancelled.
 * 2. At most two attempts and one hedge are sent, each to another tunnel. A canary may be sent beside the first one, and
 *    answers nobody.
 * 3. A retry or a hedge holds one place of the retry budget from before it is sent until it has ended or been given up.
 */
export class PooledReview {
  readonly #options: PooledReviewOptions
  readonly #request: ReviewRequest
  readonly #tokenHash: string
  readonly #deadlineAt: number
  readonly #settled = Promise.withResolvers<ReviewOutcome>()
  /** In their order; without canaries. */
  readonly #askings: Asking[] = []
  #underWay = 0
  #attempts = 0
  #isHedged = false
  #isDone = false
  /** Whoever is asked would meet the same API server: nobody else is. */
  #isSharedFate = false
  /** What a login is told if nothing better comes. */
  #failure: AttemptOutcome | undefined
  #stopTimer: (() => void) | undefined
  /** Canaries left out. */
  readonly #quickest = new QuickestAsking()
  /** Of a wish for a place of the retry budget. */
  #withdrawWish: (() => void) | undefined
  #waiting: AbortController | undefined

  constructor(options: PooledReviewOptions, request: ReviewRequest) {
    this.#options = options
    this.#request = request
    this.#tokenHash = hashToken(request.token)
    this.#deadlineAt = options.state.elapsed() + request.budgetMs
  }

  run(): Promise<ReviewOutcome> {
    const { signal } = this.#request
    this.#options.target.retryBudget.reviewStarted()
    signal?.addEventListener('abort', this)
    if (signal?.aborted === true) this.handleEvent()
    else if (!this.#ask('first')) this.#detached(this.#askWhenReturned('first'))
    return this.#settled.promise
  }

  /** The caller has left. */
  handleEvent(): void {
    this.#fail({ kind: 'cancelled' })
  }

  /** @returns false when there is no tunnel to ask */
  #ask(kind: AttemptKind): boolean {
    const { state } = this.#options
    const now = state.elapsed()
    const candidates = this.#options.candidates()
    const tried = triedBy(this.#askings, candidates)
    const chosen = chooseTunnel(candidates, tried, { now, random: state.random })
    if (chosen === undefined) return false
    if (kind === 'hedge') this.#isHedged = true
    else this.#attempts += 1
    const asking = this.#newAsking(chosen, kind, now)
    this.#askings.push(asking)
    this.#underWay += 1
    this.#send(asking, this.#deadlineAt - now)
    if (kind === 'first' && candidates.length > 1) this.#sendCanary(candidates, chosen, now)
    this.#setTimer(asking.patienceMs)
    return true
  }

  #newAsking(standing: TunnelStanding, kind: AskingKind, now: number): Asking {
    const patienceMs = hedgeDelayMs({
      firstSignP95Ms: standing.firstSign.value,
      roundTripMs: standing.tunnel.roundTripMs,
      budgetMs: this.#deadlineAt - now,
    })
    return new Asking(standing, kind, now, patienceMs)
  }

  #send(asking: Asking, budgetMs: number): void {
    const { token, audiences } = this.#request
    const { standing, startedAt } = asking
    standing.process.asked(startedAt)
    const attempt = {
      token,
      tokenHash: this.#tokenHash,
      audiences,
      budgetMs,
      attempt: this.#attempts + (this.#isHedged ? 1 : 0),
      signal: asking,
      onAccepted: () => {
        asking.acceptedAt = this.#options.state.elapsed()
        const tookMs = asking.acceptedAt - startedAt
        standing.firstSign.observe(tookMs)
        if (asking.kind !== 'canary') this.#quickest.gaveSign(tookMs)
      },
    }
    this.#detached(
      standing.tunnel.review(attempt).then((outcome) => this.#ended(asking, this.#judged(asking, outcome))),
    )
  }

  /** The next review after a failure, or after an ejection's time, tries what the gateway does now, at nobody's cost. */
  #sendCanary(candidates: readonly TunnelStanding[], chosen: TunnelStanding, now: number): void {
    // What is chosen although it is out shows by itself whether it is back.
    const canary = chooseCanary(candidates, now, chosen)
    if (canary === undefined) return
    canary.ejection.canarySent(now)
    canary.process.ejection.canarySent(now)
    const asking = this.#newAsking(canary, 'canary', now)
    asking.isOnTrial = !canary.isOut
    const budgetMs = Math.max(canaryBudgetMs, 2 * (this.#options.target.reviewP99.value ?? 0))
    this.#send(asking, Math.min(budgetMs, this.#deadlineAt - now))
    if (asking.isOnTrial) this.#judgeCanary(asking)
  }

  /**
   * One that is in question is late when it is silent, or has no verdict, for twice what the tunnel took that the review
   * really went to. Where all are slow none is: gateways that are full let reviews wait before they accept them.
   */
  #judgeCanary(canary: Asking): void {
    if (canary.label !== undefined) return
    const { state, target } = this.#options
    const { patienceMs, startedAt } = canary
    const allowedMs = canaryAllowedMs(canary, target.reviewP99.value, this.#quickest)
    const leftMs = allowedMs - (state.elapsed() - startedAt)
    if (leftMs > 0) {
      state.after(Math.max(1, Math.min(leftMs, patienceMs)), () => this.#judgeCanary(canary))
      return
    }
    canary.isOvertaken = true
    canary.cancel()
  }

  /** A bug must not leave the login without an end. */
  #detached(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#settled.reject(error)
      this.#fail(this.#failure)
    })
  }

  /** What a gateway says of its cluster comes before its first verdict, but may come after it was asked. */
  #judged({ standing }: Asking, outcome: AttemptOutcome): AttemptOutcome {
    if (outcome.kind !== 'reviewed' || this.#options.isAdmitted(standing)) return outcome
    return { kind: 'other-cluster' }
  }

  #ended(asking: Asking, outcome: AttemptOutcome): void {
    const { state, target, candidates } = this.#options
    asking.standing.process.ended()
    asking.label = asking.isOvertaken ? 'overtaken' : labelOf(outcome)
    asking.hasFailed = hasAnsweredInVain(outcome)
    state.observer.asked(asking.kind, asking.label)
    noteOutcome(asking, outcome, { state, target, candidates, now: state.elapsed() })
    if (asking.kind === 'canary') return
    if (outcome.kind === 'reviewed') this.#quickest.gaveVerdict(state.elapsed() - asking.startedAt)
    if (asking.holdsPlace) {
      // Before it is known what follows, the place that is free now is not for this review.
      if (isLoss(outcome) || !isElsewhere(outcome)) this.#withdraw()
      target.retryBudget.release()
    }
    if (asking.aborted && outcome.kind !== 'reviewed') return
    this.#underWay -= 1
    if (!this.#isDone) this.#goOn(asking, asking.kind, outcome)
  }

  #goOn(asking: Asking, kind: AttemptKind, outcome: AttemptOutcome): void {
    if (outcome.kind === 'reviewed') {
      this.#finish(asking, { kind: 'reviewed', verdict: outcome.verdict })
      return
    }
    if (outcome.kind === 'full' || outcome.kind === 'no-route') {
      if (outcome.kind === 'full') this.#options.state.observer.creditsExhausted()
      if (!this.#isSharedFate && this.#askInstead(kind)) return
      this.#failure ??= outcome
    } else if (!this.#isSharedFate) this.#failure = outcome
    const followUp = followUpOf(outcome)
    if (followUp === 'shared-fate') this.#isSharedFate = true
    if (followUp === 'final') this.#fail(outcome)
    else if (this.#underWay === 0) {
      if (this.#isSharedFate || this.#attempts >= attemptsMax) this.#fail(this.#failure)
      else this.#detached(this.#retry(followUp))
    } else if (isLoss(outcome)) this.#options.state.after(lossHeardMs, () => this.#askBeside())
    else this.#askBeside()
  }

  /** A tunnel that is full, or to which there is no way, was not asked, so another is asked in its place. */
  #askInstead(kind: AttemptKind): boolean {
    const { target } = this.#options
    if (kind === 'hedge') this.#isHedged = false
    else this.#attempts -= 1
    if (kind === 'first') return this.#ask(kind)
    if (!target.retryBudget.take()) return false
    if (this.#ask(kind)) return true
    target.retryBudget.release()
    return false
  }

  async #retry(followUp: FollowUp): Promise<void> {
    const { state, target } = this.#options
    const { retryBudget } = target
    if (isLoss(this.#failure)) {
      const waitMs = Math.max(0, Math.min(lossHeardMs, this.#deadlineAt - state.elapsed()))
      await new Promise<void>((resolve) => {
        state.after(waitMs, resolve)
      })
    }
    if (this.#isDone) return
    if (state.elapsed() >= this.#deadlineAt) {
      this.#fail(this.#failure)
      return
    }
    this.#withdraw()
    const isGranted = retryBudget.take() || (await this.#placeInBudget('retry', followUp !== 'crowded'))
    if (this.#isDone) {
      if (isGranted) retryBudget.release()
      return
    }
    if (isGranted) {
      if (this.#ask('retry')) return
      retryBudget.release()
      if (isLoss(this.#failure)) {
        await this.#askWhenReturned('retry')
        return
      }
    }
    this.#fail(this.#failure)
  }

  /** Many reviews may have lost their tunnel at once: they come one after the other. */
  #placeInBudget(kind: AskingKind, isWorthWaiting: boolean): Promise<boolean> | boolean {
    const { state, target } = this.#options
    state.observer.retryBudgetExhausted(kind)
    if (!isWorthWaiting) return false
    return new Promise((resolve) => {
      const stop = state.after(this.#deadlineAt - state.elapsed(), () => this.#withdraw())
      const withdraw = target.retryBudget.wait(() => {
        stop()
        this.#withdrawWish = undefined
        resolve(true)
      })
      this.#withdrawWish = () => {
        stop()
        withdraw()
        resolve(false)
      }
    })
  }

  async #askWhenReturned(kind: 'first' | 'retry'): Promise<void> {
    const { state, target, candidateReturned } = this.#options
    this.#waiting = new AbortController()
    await candidateReturned(this.#deadlineAt - state.elapsed(), this.#waiting.signal)
    if (this.#isDone) return
    if (kind === 'first') {
      if (!this.#ask(kind)) this.#fail(this.#failure)
      return
    }
    const isGranted = target.retryBudget.take() || (await this.#placeInBudget(kind, true))
    if (isGranted && !this.#isDone && this.#ask(kind)) return
    if (isGranted) target.retryBudget.release()
    this.#fail(this.#failure)
  }

  #setTimer(ms: number): void {
    this.#stopTimer?.()
    this.#stopTimer = this.#options.state.after(ms, () => {
      this.#stopTimer = undefined
      this.#askBeside()
    })
  }

  /** Asks another tunnel while those that were asked are silent for too long, or waits for a place to do so. */
  #askBeside(): void {
    if (this.#withdrawWish !== undefined) return
    const { retryBudget } = this.#options.target
    const reason = this.#reasonToAskBeside()
    if (reason === undefined) return
    if (retryBudget.take() || this.#giveUpHedge()) {
      this.#askBesideNow(reason)
      return
    }
    this.#options.state.observer.retryBudgetExhausted('hedge')
    this.#withdrawWish = retryBudget.wait(() => {
      this.#withdrawWish = undefined
      const stillReason = this.#reasonToAskBeside()
      if (stillReason === undefined) retryBudget.release()
      else this.#askBesideNow(stillReason)
    })
  }

  #withdraw(): void {
    this.#withdrawWish?.()
    this.#withdrawWish = undefined
  }

  /** @returns whether there is a place for one more asking by this */
  #giveUpHedge(): boolean {
    const hedge = hedgeToGiveUp(this.#askings, this.#options.candidates())
    if (hedge === undefined) return false
    hedge.holdsPlace = false
    this.#underWay -= 1
    hedge.cancel()
    return true
  }

  #askBesideNow(reason: HedgeReason): void {
    const { state, target } = this.#options
    const kind = this.#isHedged ? 'retry' : 'hedge'
    if (!this.#ask(kind)) target.retryBudget.release()
    else if (kind === 'hedge') state.observer.hedged(reason)
  }

  /** Undefined when there is none, or not yet: then the timer is set for when there may be. */
  #reasonToAskBeside(): HedgeReason | undefined {
    if (this.#isDone || this.#isSharedFate) return undefined
    const { state, target, candidates } = this.#options
    const due = whenToAskBeside({
      askings: this.#askings,
      candidates: candidates(),
      isHedged: this.#isHedged,
      mayAttempt: this.#attempts < attemptsMax,
      now: state.elapsed(),
      deadlineAt: this.#deadlineAt,
      reviewP99Ms: target.reviewP99.value,
    })
    if (due === undefined || due.afterMs <= 0) return due?.reason
    this.#setTimer(Math.max(1, due.afterMs))
    return undefined
  }

  #fail(outcome: AttemptOutcome | undefined): void {
    const described = outcome === undefined ? describeNobody(this.#options.route) : describeFailure(outcome)
    this.#finish(this.#askings.at(-1), { kind: 'failed', ...described })
  }

  #finish(last: Asking | undefined, outcome: WithoutRoute<ReviewOutcome>): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#stopTimer?.()
    this.#withdraw()
    this.#waiting?.abort()
    this.#request.signal?.removeEventListener('abort', this)
    this.#options.target.retryBudget.reviewEnded()
    if (outcome.kind === 'reviewed' && last !== undefined) markOvertaken(this.#askings, last)
    const via = describeRoute(this.#options.route, this.#askings, last, this.#attempts, this.#isHedged)
    this.#settled.resolve({ ...outcome, via })
    for (const asking of this.#askings) asking.cancel()
  }
}
