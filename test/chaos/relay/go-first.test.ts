import { expect, it } from 'vitest'
import { goFirst } from './go-first.ts'

function refusal(code: string): Error {
  return Object.assign(new Error('A system error occurred'), { info: { code, syscall: 'uv_os_setpriority' } })
}

it('goes before the others of the machine, if it may', () => {
  const asked: number[] = []
  expect(goFirst((priority) => asked.push(priority))).toBe(true)
  expect(asked).toEqual([-20])
  for (const code of ['EACCES', 'EPERM']) {
    const refuse = (): never => {
      throw refusal(code)
    }
    expect(goFirst(refuse)).toBe(false)
  }
})

it('does not take another failure for a refusal', () => {
  const fail = (): never => {
    throw refusal('ESRCH')
  }
  expect(() => goFirst(fail)).toThrow('A system error')
})
