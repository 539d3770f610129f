import { describe, expect, it } from 'vitest'
import type { LastLogin } from './identity-store.ts'
import { LastLoginRecorder } from './last-login-recorder.ts'

const early = new Date('2026-01-01T00:00:00Z')
const late = new Date('2026-01-01T00:00:01Z')

function createSubject({ failures = 0 } = {}) {
  const written: LastLogin[][] = []
  const warnings: string[] = []
  let failuresLeft = failures
  const store = {
    recordLastLogins: async (logins: readonly LastLogin[]) => {
      failuresLeft -= 1
      if (failuresLeft >= 0) throw new Error('database gone')
      written.push([...logins])
    },
  }
  const logger = { warn: (_fields: object, message: string) => void warnings.push(message) }
  return { recorder: new LastLoginRecorder({ store, logger, intervalMs: 3_600_000 }), written, warnings }
}

describe('the last-login recorder', () => {
  it('writes many logins of one identity as one', async () => {
    const { recorder, written } = createSubject()
    for (const at of [early, early, late]) recorder.record('a', 'kubernetes-auth', at)
    recorder.record('b', 'token-auth', early)
    await recorder.flush()
    await recorder.flush()
    await recorder.close()
    expect(written).toEqual([
      [
        { identityId: 'a', authMethod: 'kubernetes-auth', at: late },
        { identityId: 'b', authMethod: 'token-auth', at: early },
      ],
    ])
  })

  it('loses nothing to a failed write, and prefers what came in since', async () => {
    const { recorder, written, warnings } = createSubject({ failures: 1 })
    recorder.record('a', 'kubernetes-auth', early)
    recorder.record('b', 'kubernetes-auth', early)
    const failing = recorder.flush()
    await Promise.resolve()
    recorder.record('a', 'kubernetes-auth', late)
    await failing
    await recorder.close()
    expect(warnings).toHaveLength(1)
    expect(written.flat().map(({ identityId, at }) => [identityId, at])).toEqual([
      ['a', late],
      ['b', early],
    ])
  })
})
