import { describe, expect, it } from 'vitest'
import { ApiError } from '../http/api-error.ts'
import { hashPassword } from './hash-password.ts'
import { createVerifyPassword } from './verify-password.ts'

describe('checking a password', () => {
  it('says yes to the one that was hashed, and no to every other and where there is none', async () => {
    const verify = createVerifyPassword()
    const hash = await hashPassword('correct horse')
    expect(await verify(hash, 'correct horse')).toBe(true)
    expect(await verify(hash, 'Correct horse')).toBe(false)
    expect(await verify(undefined, 'correct horse')).toBe(false)
    expect(await verify(undefined, '')).toBe(false)
  })

  it('lets a crowd wait its turn, and no more than a crowd', async () => {
    const verify = createVerifyPassword()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 110 }, () => verify(undefined, 'correct horse')),
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toHaveLength(8)
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(ApiError)
      expect(reason).toMatchObject({ code: 'ServiceUnavailable', retryAfterSeconds: 2 })
    }
    expect(await verify(undefined, 'correct horse')).toBe(false)
  })

  it('gives its turn back when a hash is no hash', async () => {
    const verify = createVerifyPassword()
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => verify('no hash', 'x')))
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rejected'))
    expect(await verify(await hashPassword('correct horse'), 'correct horse')).toBe(true)
  })
})
