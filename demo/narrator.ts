/** Prints the demonstration as numbered steps: what is done, what came of it, and why it matters. */
export interface Narrator {
  heading(text: string): void
  /**
   * Runs one step; its title is shown before, its results after. A failing step fails the demonstration, and none begins
   * once it is to stop.
   */
  step<Result>(title: string, run: (say: (line: string) => void) => Promise<Result>): Promise<Result>
  plain(text: string): void
}

export function createNarrator(
  write: (text: string) => void,
  now: () => number,
  stopping: AbortSignal,
): Narrator {
  let number = 0
  return {
    heading: (text) => write(`\n${text}\n${'='.repeat(text.length)}\n`),
    plain: (text) => write(`${text}\n`),
    async step(title, run) {
      stopping.throwIfAborted()
      number += 1
      const startedAt = now()
      write(`\n${number}. ${title}\n`)
      const result = await run((line) => write(`   ${line}\n`))
      write(`   (${((now() - startedAt) / 1000).toFixed(1)} s)\n`)
      return result
    },
  }
}
