import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The clock of a process that is started with `environment`. */
export interface WrongClock {
  readonly environment: Record<string, string>
  /** From now on the process's clock is off by so much; 0 puts it right. */
  set(offsetMs: number): Promise<void>
}

const shiftFile = pathToFileURL(fileURLToPath(new URL('shift-clock.ts', import.meta.url))).href

export async function createWrongClock(folder: string, name: string, offsetMs: number): Promise<WrongClock> {
  const file = join(folder, `${name}.clock`)
  const set = async (offset: number): Promise<void> => {
    // By renaming: whoever reads meanwhile reads a whole number.
    await writeFile(`${file}.next`, String(offset))
    await rename(`${file}.next`, file)
  }
  await set(offsetMs)
  return { environment: { NODE_OPTIONS: `--import=${shiftFile}`, CHAOS_CLOCK_FILE: file }, set }
}
