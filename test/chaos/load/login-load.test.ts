import { describe, expect, it } from 'vitest'
import { summarizeLogins, type TimedLogin } from './login-load.ts'

const login = (latencyMs: number, status = 200, problem = ''): TimedLogin => ({
  dueAt: 0,
  latencyMs,
  outcome: { status, problem },
})

describe('the figures of logins', () => {
  it('are percentiles over all, failed ones included', () => {
    const logins = Array.from({ length: 100 }, (_, index) => login(index + 1))
    expect(summarizeLogins(logins)).toEqual({ logins: 100, failed: 0, p50Ms: 51, p99Ms: 100, maxMs: 100 })
  })

  it('tell failures apart by status, with what the first was told', () => {
    const logins = [login(1), login(2, 503, 'busy'), login(3, 503, 'still'), login(4, 0, 'ECONNRESET')]
    expect(summarizeLogins(logins)).toMatchObject({
      failed: 3,
      failures: { 0: { count: 1, first: 'ECONNRESET' }, 503: { count: 2, first: 'busy' } },
    })
  })

  it('are zero without logins', () => {
    expect(summarizeLogins([])).toEqual({ logins: 0, failed: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 })
  })
})
