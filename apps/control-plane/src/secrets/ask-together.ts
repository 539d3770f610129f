/** Answers several questions at once, in their order. */
export type AnswerTogether<Question, Answer> = (questions: readonly Question[]) => Promise<readonly Answer[]>

interface Waiting<Question, Answer> {
  readonly question: Question
  resolve(answer: Answer): void
  reject(error: unknown): void
}

/** Two, so that one that hangs does not make all others wait. */
const underWayMax = 2
const togetherMax = 100

/**
 * What is asked while others wait for their answers is asked together as soon as those have come: alone nobody waits, and
 * under load one statement answers many. No question is answered by a statement that began before it was asked. What
 * fails fails for all that were asked with it.
 */
export function askTogether<Question, Answer>(
  answerAll: AnswerTogether<Question, Answer>,
): (question: Question) => Promise<Answer> {
  const waiting: Waiting<Question, Answer>[] = []
  let underWay = 0

  async function ask(asked: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await answerAll(asked.map(({ question }) => question))
      if (answers.length !== asked.length) throw new Error('an answer is missing')
      for (const [index, answer] of answers.entries()) asked[index]?.resolve(answer)
    } catch (error) {
      for (const one of asked) one.reject(error)
    } finally {
      underWay -= 1
      askNext()
    }
  }

  function askNext(): void {
    if (underWay >= underWayMax || waiting.length === 0) return
    underWay += 1
    void ask(waiting.splice(0, togetherMax))
  }

  return (question) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    waiting.push({ question, resolve, reject })
    askNext()
    return promise
  }
}
