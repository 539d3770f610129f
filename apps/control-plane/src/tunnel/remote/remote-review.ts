import { type FailureCode, failureNumbers } from '@postern/protocol'
import { z } from 'zod'
import type { AttemptOutcome, ReviewAttempt } from '../../gateways/review-attempt.ts'
import { readJson, writeJson } from './read-json.ts'

/** One attempt of a review, on a tunnel that another replica holds. */
export interface RemoteReviewRequest extends Pick<
  ReviewAttempt,
  'token' | 'audiences' | 'budgetMs' | 'attempt'
> {
  /** The process that asks, and its number of this attempt. */
  processId: string
  id: number
  /** Whose tunnel it must be. */
  gatewayId: string
  organizationId: string
  /** By the clock of the process that asks. */
  sentAtMs: number
}

export interface RemoteReviewAnswer {
  /** Of the request. */
  id: number
  outcome: AttemptOutcome
  /** What the holder and its gateway took. */
  tookMs: number
}

/** What one process is told of a review beside its answer. */
export type ReviewMail =
  /** The gateways have them. */
  | { kind: 'accepted'; ids: readonly number[] }
  /** The process that asked does not wait any more. */
  | { kind: 'cancelled'; processId: string; ids: readonly number[] }

/** More than a frame to a gateway holds, and than a verdict does, with what JSON makes of it. */
const reviewBytesMax = 512 * 1024
export const mailIdsMax = 1_000
const mailBytesMax = 64 * 1024

const id = z.int().nonnegative()
const name = z.string().min(1).max(128)
const text = z.string()
const texts = z.array(text)

const request = z.object({
  processId: name,
  id,
  gatewayId: name,
  organizationId: name,
  token: text,
  audiences: texts,
  budgetMs: z.number(),
  sentAtMs: z.number(),
  attempt: z.int().positive(),
})

const verdict = z.discriminatedUnion('authenticated', [
  z.object({ authenticated: z.literal(true), username: text, uid: text, groups: texts, audiences: texts }),
  z.object({ authenticated: z.literal(false), error: text }),
])

const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('reviewed'), verdict }),
  z.object({
    kind: z.literal('failed'),
    code: text.transform(readFailureCode),
    detail: text,
    retryAfterMs: z.number().nonnegative(),
  }),
  z.object({ kind: z.enum(['tunnel-lost', 'unsendable', 'no-route']), detail: text }),
  z.object({ kind: z.enum(['mismatched', 'full', 'cancelled']) }),
  z.object({ kind: z.literal('timed-out'), accepted: z.boolean() }),
])

const answer = z.object({ id, outcome, tookMs: z.number().nonnegative() })

const ids = z.array(id).max(mailIdsMax)
const mail = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accepted'), ids }),
  z.object({ kind: z.literal('cancelled'), processId: name, ids }),
])

export function writeReviewRequest(fields: RemoteReviewRequest): Buffer {
  return writeJson(fields)
}

export function readReviewRequest(message: Uint8Array): RemoteReviewRequest | undefined {
  return readJson(request, message, reviewBytesMax)
}

export function writeReviewAnswer(fields: RemoteReviewAnswer): Buffer {
  return writeJson(fields)
}

export function readReviewAnswer(message: Uint8Array): RemoteReviewAnswer | undefined {
  return readJson(answer, message, reviewBytesMax)
}

export function writeReviewMail(fields: ReviewMail): Buffer {
  return writeJson(fields)
}

export function readReviewMail(message: Uint8Array): ReviewMail | undefined {
  return readJson(mail, message, mailBytesMax)
}

/** A later version of the holder may know more codes. */
function readFailureCode(code: string): FailureCode {
  return isFailureCode(code) ? code : 'unspecified'
}

function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(failureNumbers, code)
}
