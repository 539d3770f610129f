import { describe, expect, it } from 'vitest'
import { explainReason } from './audit-reason.ts'

describe('the explanation of a reason', () => {
  it('says what it means and what to do', () => {
    expect(explainReason('reviewer-forbidden')).toBe(
      'The reviewer may not create token reviews (403). ' +
        'Bind the reviewer’s service account to the cluster role system:auth-delegator.',
    )
  })

  it.each(['', 'unheard-of', 'toString', '__proto__'])('of %j is not known', (reason) => {
    expect(explainReason(reason)).toBeUndefined()
  })
})
