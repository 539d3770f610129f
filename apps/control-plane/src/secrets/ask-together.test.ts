import { describe, expect, it } from 'vitest'
import { askTogether } from './ask-together.ts'

/** Keeps what it is asked until the test answers. */
function createAnswerer() {
  const asked: { questions: readonly string[]; answer(): void; fail(): void }[] = []
  const ask = askTogether<string, string>((questions) => {
    const { promise, resolve, reject } = Promise.withResolvers<string[]>()
    asked.push({
      questions,
      answer: () => resolve(questions.map((question) => `${question}!`)),
      fail: () => reject(new Error('no database')),
    })
    return promise
  })
  return { ask, asked, questions: () => asked.map((one) => one.questions) }
}

describe('questions', () => {
  it('are asked at once where nobody waits, and together once an answer has come', async () => {
    const { ask, asked, questions } = createAnswerer()
    const answers = ['a', 'b', 'c', 'd', 'c'].map((question) => ask(question))
    expect(questions()).toEqual([['a'], ['b']])
    asked[1]?.answer()
    expect(await answers[1]).toBe('b!')
    expect(questions()).toEqual([['a'], ['b'], ['c', 'd', 'c']])
    asked[2]?.answer()
    expect(await Promise.all(answers.slice(2))).toEqual(['c!', 'd!', 'c!'])
    asked[0]?.answer()
    expect(await answers[0]).toBe('a!')
    void ask('e')
    expect(questions().at(-1)).toEqual(['e'])
  })

  it('are never answered by what was asked before them', async () => {
    const { ask, asked, questions } = createAnswerer()
    const first = ask('a')
    const second = ask('a')
    const third = ask('a')
    asked[0]?.answer()
    asked[1]?.answer()
    await Promise.all([first, second])
    expect(questions()).toEqual([['a'], ['a'], ['a']])
    asked[2]?.answer()
    expect(await third).toBe('a!')
  })

  it('fail together, and the next are asked all the same', async () => {
    const { ask, asked } = createAnswerer()
    const answers = ['a', 'b', 'c', 'd'].map((question) => ask(question))
    const failures = Promise.allSettled(answers)
    asked[0]?.fail()
    await expect(answers[0]).rejects.toThrow('no database')
    asked[2]?.fail()
    asked[1]?.answer()
    expect((await failures).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
    ])
    const next = ask('e')
    asked[3]?.answer()
    expect(await next).toBe('e!')
  })

  it('are at most a hundred together', async () => {
    const { ask, asked, questions } = createAnswerer()
    const answers = Array.from({ length: 252 }, (_, at) => ask(String(at)))
    for (let at = 0; at < 5; at += 1) {
      asked[at]?.answer()
      await answers[at === 0 ? 0 : Math.min(1 + 100 * (at - 1), 251)]
    }
    expect(await Promise.all(answers)).toHaveLength(252)
    expect(questions().map(({ length }) => length)).toEqual([1, 1, 100, 100, 50])
  })
})
