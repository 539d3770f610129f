import { tokenReviewLimits as limits } from './token-review-limits.ts'

/** What a cluster said of a token. `error` is the API server's own text: for the operator, never for the caller. */
export type TokenVerdict =
  | {
      authenticated: true
      username: string
      uid: string
      groups: readonly string[]
      /** The audiences that the API server found the token good for; empty when it named none. */
      audiences: readonly string[]
    }
  | { authenticated: false; error: string }

export type TokenReviewAnswer =
  | { kind: 'verdict'; verdict: TokenVerdict }
  | { kind: 'malformed'; reason: string }

/**
 * Reads an API server's answer to a TokenReview. Every field is checked: an answer that has the wrong types, or is
 * larger than an honest one ever is, is malformed as a whole, because half an answer must not log anybody in.
 */
export function readTokenReview(answer: unknown): TokenReviewAnswer {
  if (!isRecord(answer)) return malformed('the answer is not a JSON object')
  if (answer['kind'] !== 'TokenReview') return malformed('the answer is not a TokenReview')
  const status = answer['status']
  if (!isRecord(status)) return malformed('status is not an object')
  const error = status['error']
  if (error !== undefined && typeof error !== 'string') return malformed('status.error is not a string')
  const authenticated = status['authenticated']
  if (authenticated !== undefined && typeof authenticated !== 'boolean') {
    return malformed('status.authenticated is not a boolean')
  }
  if (authenticated !== true || (error !== undefined && error !== '')) {
    return {
      kind: 'verdict',
      verdict: { authenticated: false, error: (error ?? '').slice(0, limits.errorLengthMax) },
    }
  }
  return readAuthenticated(status)
}

function readAuthenticated(status: Record<string, unknown>): TokenReviewAnswer {
  const user = status['user']
  if (!isRecord(user)) return malformed('status.user is not an object')
  const username = user['username']
  if (!isText(username, limits.usernameLengthMax) || username === '') {
    return malformed('status.user.username is not a short, non-empty string')
  }
  const uid = user['uid'] ?? ''
  if (!isText(uid, limits.uidLengthMax)) return malformed('status.user.uid is not a short string')
  const groups = user['groups'] ?? []
  if (!isTextList(groups, limits.groupsMax, limits.groupLengthMax)) {
    return malformed('status.user.groups is not a short list of strings')
  }
  const audiences = status['audiences'] ?? []
  if (!isTextList(audiences, limits.audiencesMax, limits.audienceLengthMax)) {
    return malformed('status.audiences is not a short list of strings')
  }
  return { kind: 'verdict', verdict: { authenticated: true, username, uid, groups, audiences } }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax
}

function isTextList(value: unknown, itemsMax: number, lengthMax: number): value is string[] {
  return Array.isArray(value) && value.length <= itemsMax && value.every((item) => isText(item, lengthMax))
}

function malformed(reason: string): TokenReviewAnswer {
  return { kind: 'malformed', reason }
}
