import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PacedAnswers } from './paced-answers.ts'

let answers: PacedAnswers
let answered: number

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  answers = new PacedAnswers()
  answered = 0
})
afterEach(() => {
  vi.useRealTimers()
})

function add(count: number): void {
  for (let index = 0; index < count; index += 1) answers.add(() => (answered += 1))
}

describe('answers that nobody is in a hurry for', () => {
  test('are given a few at a time, all of them within the patience of who waits', () => {
    add(2000)
    expect(answered).toBe(0)
    vi.advanceTimersByTime(1000)
    expect(answered).toBe(250)
    vi.advanceTimersByTime(7000)
    expect(answered).toBe(2000)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('are given at once when too many wait', () => {
    add(3000)
    expect(answered).toBe(3000 - 2048)
  })

  test('are all given when there is no later', () => {
    add(100)
    answers.close()
    expect(answered).toBe(100)
    expect(vi.getTimerCount()).toBe(0)
  })
})
