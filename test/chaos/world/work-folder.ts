import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface WorkFolder {
  readonly path: string
  close(): Promise<void>
}

/** A folder that is gone after `close()`, and when this process ends before that. */
export async function createWorkFolder(): Promise<WorkFolder> {
  const path = await mkdtemp(join(tmpdir(), 'postern-chaos-'))
  const removeAtExit = (): void => rmSync(path, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  return {
    path,
    async close() {
      await rm(path, { recursive: true, force: true })
      process.off('exit', removeAtExit)
    },
  }
}
