import { hash } from 'node:crypto'
import {
  clampText,
  protocolLimits,
  type FailureCode,
  type FailureFrame,
  type TokenReviewedFrame,
} from '@postern/protocol'
import type { ReviewFailure, ReviewResult } from '../token-review/review-token.ts'

/** What ends a review that was asked for. */
export type OutcomeFrame = TokenReviewedFrame | FailureFrame

const failureCodes: Record<ReviewFailure, FailureCode> = {
  'api-server-unreachable': 'api-server-unreachable',
  'api-server-timeout': 'api-server-timeout',
  'api-server-overloaded': 'api-server-overloaded',
  'api-server-error': 'api-server-error',
  'reviewer-unauthorized': 'reviewer-unauthorized',
  'reviewer-forbidden': 'reviewer-forbidden',
  'tls-failed': 'tls-failed',
  'malformed-answer': 'malformed-answer',
  'deadline-exceeded': 'deadline',
}

/** `asked` is what the answer repeats, so that the one who asked knows it for his own. */
export function outcomeFrame(
  asked: Pick<TokenReviewedFrame, 'requestId' | 'nonce' | 'tokenSha256'>,
  result: ReviewResult,
): OutcomeFrame {
  if (result.kind === 'failed') {
    const { failure, detail, retryAfterSeconds } = result
    return failureFrame(asked.requestId, failureCodes[failure], detail, (retryAfterSeconds ?? 0) * 1000)
  }
  const { verdict } = result
  if (verdict.authenticated) return { kind: 'token-reviewed', ...asked, ...verdict, error: '' }
  const error = clampText(verdict.error, protocolLimits.errorBytesMax)
  const nobody = { authenticated: false, username: '', uid: '', groups: [], audiences: [] }
  return { kind: 'token-reviewed', ...asked, ...nobody, error }
}

export function failureFrame(
  requestId: number,
  code: FailureCode,
  detail: string,
  retryAfterMs = 0,
): FailureFrame {
  const clamped = clampText(detail, protocolLimits.detailBytesMax)
  return { kind: 'failure', requestId, code, retryAfterMs, detail: clamped }
}

/** By way of a string, which takes half the time of asking for a Buffer. */
export function sha256Of(token: string): Uint8Array {
  return Buffer.from(hash('sha256', token, 'binary'), 'latin1')
}
