import { Agent } from 'node:http'
import { postLogin, type LoginOutcome, type Workload } from './login-load.ts'
import { startOpenLoop, type OpenLoop, type TimedCall } from './open-loop.ts'

export interface CheckedLoginsOptions {
  url: string
  perSecond: number
  /** Whose logins must succeed; several, so that an answer to another login shows. */
  accepted: readonly Workload[]
  /** Pods that their cluster vouches for and the identity's rules do not allow: one login of ten. */
  refused: Workload
}

export interface CheckedOutcome extends LoginOutcome {
  /** `unavailable` is no answer, or one that says so: whoever asks again is served. */
  kind: 'accepted' | 'refused' | 'unavailable' | 'wrong'
  /** Empty where there was no answer. */
  requestId: string
}

export type CheckedLogin = TimedCall<CheckedOutcome>

const refusedEvery = 10
const unavailable: ReadonlySet<number> = new Set([0, 429, 502, 503, 504])

/** Logins at a steady rate, each held against what its answer must be. */
export function startCheckedLogins(options: CheckedLoginsOptions): OpenLoop<CheckedOutcome> {
  const agent = new Agent({ keepAlive: true })
  const load = startOpenLoop({
    perSecond: options.perSecond,
    call: async (index): Promise<CheckedOutcome> => {
      const isRefused = index % refusedEvery === refusedEvery - 1
      const workload = isRefused ? options.refused : options.accepted[index % options.accepted.length]
      if (workload === undefined) throw new Error('there is a workload to log in')
      const jwt = workload.tokens[index % workload.tokens.length] ?? ''
      const body = JSON.stringify({ identityId: workload.identityId, jwt })
      const { status, text, requestId } = await postLogin(agent, options.url, body)
      const kind = isRefused ? judgeRefused(status, text) : judgeAccepted(status, text, workload.identityId)
      const isRight = kind === 'accepted' || kind === 'refused'
      return { kind, status: isRight ? 200 : status, problem: isRight ? '' : text.slice(0, 300), requestId }
    },
  })
  return {
    ended: load.ended,
    async stop() {
      const logins = await load.stop()
      agent.destroy()
      return logins
    },
  }
}

export function judgeAccepted(status: number, text: string, identityId: string): CheckedOutcome['kind'] {
  if (unavailable.has(status)) return 'unavailable'
  return status === 200 && identityOf(text) === identityId ? 'accepted' : 'wrong'
}

/** The cluster has vouched for the pod, and the rule is named: any other refusal is not the one that is due. */
export function judgeRefused(status: number, text: string): CheckedOutcome['kind'] {
  if (unavailable.has(status)) return 'unavailable'
  return status === 401 && text.includes('the name of the service account is not allowed')
    ? 'refused'
    : 'wrong'
}

/** Whom the access token of a reply is for. */
function identityOf(text: string): unknown {
  try {
    const { accessToken } = JSON.parse(text) as { accessToken: string }
    const claims = Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()
    return (JSON.parse(claims) as { identityId: unknown }).identityId
  } catch {
    return undefined
  }
}
