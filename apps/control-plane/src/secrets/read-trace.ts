/** One question to a store, and what it answered. */
interface TracedRead {
  readonly ask: () => Promise<unknown>
  readonly answer: string
}

/**
 * What something was made of: every question that was put to the stores on the way, with its answer. Whoever asks with
 * what they answered before, in the same order, makes the same again; so as long as all answers are the same, what was
 * made is still right, and need not be made again to know that.
 */
export interface ReadTrace {
  /** The same question, remembered with its answer. */
  follow<Question, Answer>(
    read: (question: Question) => Promise<Answer>,
  ): (question: Question) => Promise<Answer>
  /** Asks all of it again. Rejects as the stores do. */
  isStillTrue(): Promise<boolean>
  /** How many questions. */
  readonly length: number
  /** What their answers take, about. */
  readonly characters: number
}

export function createReadTrace(): ReadTrace {
  const reads: TracedRead[] = []
  return {
    follow: (read) => async (question) => {
      const found = await read(question)
      reads.push({ ask: () => read(question), answer: textOf(found) })
      return found
    },
    isStillTrue: async () => {
      // One after the other: a list needs no more connections at once than it did when it was made.
      for (const { ask, answer } of reads) if (textOf(await ask()) !== answer) return false
      return true
    },
    get length() {
      return reads.length
    },
    get characters() {
      return reads.reduce((sum, { answer }) => sum + answer.length, 0)
    },
  }
}

/** JSON has no word for undefined: not a JSON text, so no answer's. */
function textOf(answer: unknown): string {
  return JSON.stringify(answer) ?? 'undefined'
}
