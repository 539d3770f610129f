import { Agent, request } from 'node:http'
import { startOpenLoop, type OpenLoop, type TimedCall } from './open-loop.ts'

/** What a workload sends: its identity's id, and one of the tokens that its cluster gave to its pods. */
export interface Workload {
  identityId: string
  tokens: readonly string[]
}

export interface LoginLoadOptions {
  /** Control planes; logins go to them in turn. */
  urls: readonly string[]
  workload: Workload
  perSecond: number
}

/** 0 where there was no answer. */
export interface LoginOutcome {
  status: number
  /** What came instead of an access token; empty for a success. */
  problem: string
}

export type TimedLogin = TimedCall<LoginOutcome>

/** Longer than the control plane's own limit, so that its answer is what counts. */
const patienceMs = 20_000
const loginPath = '/api/v1/auth/kubernetes-auth/login'

/** Logins over kept-alive connections at a steady rate, each outcome and latency kept. */
export function startLoginLoad({ urls, workload, perSecond }: LoginLoadOptions): OpenLoop<LoginOutcome> {
  const agent = new Agent({ keepAlive: true })
  const load = startOpenLoop({
    perSecond,
    call: (index) => {
      const url = urls[index % urls.length] ?? ''
      const jwt = workload.tokens[index % workload.tokens.length] ?? ''
      return logIn(agent, url, JSON.stringify({ identityId: workload.identityId, jwt }))
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

async function logIn(agent: Agent, url: string, body: string): Promise<LoginOutcome> {
  const { status, text } = await postLogin(agent, url, body)
  return { status, problem: status === 200 ? '' : text.slice(0, 300) }
}

/** Status 0 where there was no answer, with the reason as text. */
export interface LoginReply {
  status: number
  text: string
  requestId: string
}

/** Never rejects. */
export function postLogin(agent: Agent, url: string, body: string): Promise<LoginReply> {
  return new Promise((resolve) => {
    const fail = (error: Error): void => resolve({ status: 0, text: error.message, requestId: '' })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const signal = AbortSignal.timeout(patienceMs)
    const outgoing = request(
      new URL(loginPath, url),
      { agent, method: 'POST', headers, signal },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.once('error', fail)
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            text: Buffer.concat(chunks).toString(),
            requestId: String(answer.headers['x-request-id'] ?? ''),
          }),
        )
      },
    )
    outgoing.once('error', fail)
    outgoing.end(body)
  })
}

export interface LoginFigures {
  logins: number
  failed: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** How many by status, and what the first of them was told; left out when none failed. */
  failures?: Record<string, { count: number; first: string }>
}

export function summarizeLogins(logins: readonly TimedLogin[]): LoginFigures {
  const sorted = logins.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b)
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))])
  const failures: NonNullable<LoginFigures['failures']> = {}
  for (const { outcome } of logins) {
    if (outcome.status === 200) continue
    const kind = (failures[String(outcome.status)] ??= { count: 0, first: outcome.problem })
    kind.count += 1
  }
  const failed = Object.values(failures).reduce((sum, { count }) => sum + count, 0)
  return {
    logins: logins.length,
    failed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: round(sorted.at(-1)),
    ...(failed === 0 ? {} : { failures }),
  }
}

function round(ms = 0): number {
  return Math.round(ms * 10) / 10
}
