import { verify } from '@node-rs/argon2'
import { describe, expect, it } from 'vitest'
import { hashPassword } from './hash-password.ts'
import { passwordProblem } from './password-problem.ts'

const context = { email: 'ada.lovelace@example.com', organization: 'Analytical Engines' }

describe('passwords', () => {
  it.each([
    'aaaaaaaa',
    'abcabcabc',
    'PASSWORD123',
    'Ada.Lovelace',
    'ada.lovelace@EXAMPLE.com',
    'analytical engines',
  ])('refuses %j', (password) => {
    expect(passwordProblem(password, context)).toBeTypeOf('string')
  })

  it.each(['correct horse', 'tr0ub4dor&3', 'пароль-на-каждый-день'])('takes %j', (password) => {
    expect(passwordProblem(password, context)).toBeUndefined()
  })

  it('are kept as salted argon2id hashes that only the password opens', async () => {
    const [first, second] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')])
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(first).not.toBe(second)
    expect(await verify(first, 'correct horse')).toBe(true)
    expect(await verify(first, 'Correct horse')).toBe(false)
  })

  it('hash alike however their accents were typed', async () => {
    expect(await verify(await hashPassword('cafe\u0301 noir'), 'caf\u00e9 noir')).toBe(true)
  })
})
