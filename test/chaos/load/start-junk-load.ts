import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { answerOf, endChild } from '../start-tunnel-server.ts'

/** How many answers there were, by HTTP status. */
export type JunkAnswers = Record<number, number>

export interface JunkLoad {
  /** Makes no more, and waits for the answers. */
  stop(): Promise<JunkAnswers>
}

export interface JunkLoadOptions {
  url: string
  /** The identity that the junk is posted for. */
  identityId: string
  perSecond: number
}

const processFile = fileURLToPath(new URL('junk-load-process.ts', import.meta.url))

/** Malformed and expired tokens at a steady rate; ends with this process. */
export async function startJunkLoad({ url, identityId, perSecond }: JunkLoadOptions): Promise<JunkLoad> {
  const child = fork(processFile, [url, identityId, String(perSecond)])
  await answerOf(child)
  return {
    async stop() {
      const answers = answerOf<JunkAnswers>(child)
      child.send('stop')
      const counted = await answers
      await endChild(child)
      return counted
    },
  }
}
