import { expect } from 'vitest'
import type { Platform } from '../processes/platform.ts'
import type { ApiReply } from '../processes/postern-api.ts'
import { readReason } from './login-world.ts'

const stranger = {
  statusCode: 401,
  error: 'Unauthorized',
  message:
    'The login was refused. Whoever runs Postern finds the reason in the audit log under this request id',
}
const outsideOfRule = (rule: string): typeof stranger => ({
  statusCode: 401,
  error: 'Unauthorized',
  message: `The login was refused: the ${rule} of the service account is not allowed for this identity`,
})

/** All that a caller may be told, word for word, so that nothing else can stand in a reply. */
const bodies = {
  /** The cluster has not vouched for the caller. */
  stranger,
  namespace: outsideOfRule('namespace'),
  name: outsideOfRule('name'),
  /** The cluster could not be asked. */
  unavailable: {
    statusCode: 503,
    error: 'ServiceUnavailable',
    message: 'The cluster cannot be asked at the moment. Try again',
  },
}
export type Told = keyof typeof bodies

const indiscreet = /127\.0\.0\.1|localhost|eyJ/

export interface LoginRefusal {
  status: number
  body: unknown
  retryAfter: unknown
  /** Headers that say where something is, or quote a token. */
  indiscreetHeaders: readonly string[]
  /** Of the audit log. */
  reason: string
}

/** A refused login whole, to be compared with `refusalOf`: what the caller saw, and what the audit log gives as the reason. */
export async function readRefusal(platform: Platform, reply: ApiReply): Promise<LoginRefusal> {
  return {
    status: reply.status,
    body: reply.body,
    retryAfter: reply.headers.get('retry-after'),
    indiscreetHeaders: [...reply.headers].map(String).filter((header) => indiscreet.test(header)),
    reason: await readReason(platform, reply),
  }
}

/** What a refused login must be. */
export function refusalOf(told: Told, reason: string): LoginRefusal {
  const body = bodies[told]
  return {
    status: body.statusCode,
    body: { ...body, reqId: expect.any(String) as string },
    retryAfter: told === 'unavailable' ? expect.stringMatching(/^[1-9]\d*$/) : null,
    indiscreetHeaders: [],
    reason,
  }
}
