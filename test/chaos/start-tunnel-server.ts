import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'

/** What `tunnel-server-process.ts` is asked; a collection, which makes memory comparable, costs processor time. */
export type TunnelServerQuestion =
  | 'memory'
  | 'processor'
  | { cancelledReviews: number }
  | { patientReviews: number }

export interface TunnelServerFigures {
  tunnels: number
  /** After garbage collection when asked for `memory`. */
  rssBytes: number
  heapBytes: number
  externalBytes: number
  /** Processor time since its start. */
  userMicros: number
  systemMicros: number
  /** What keeps the event loop going, by kind: sockets, timers. */
  resources: Record<string, number>
  /** Tunnels that ended, by why. */
  ends: Record<string, number>
}

/** How reviews ended; `misdirected`: with the verdict on another token. */
export interface ReviewTally {
  reviewed: number
  misdirected: number
  /** By what was said of them. */
  failures: Record<string, number>
}

export interface TunnelServer {
  origin: string
  /** PEM. */
  ca: string
  figures: (asked: 'memory' | 'processor') => Promise<TunnelServerFigures>
  /** Reviews by the gateway `steady`, most of which are given up at a random moment. */
  cancelReviews: (count: number) => Promise<ReviewTally>
  /** The same, none of which is given up. */
  askReviews: (count: number) => Promise<ReviewTally>
  stop: () => Promise<void>
}

/** Starts the measured end of tunnels in a process of its own. */
export async function startTunnelServer(): Promise<TunnelServer> {
  const authority = await createCertificateAuthority('measured tunnels')
  const { certificate, privateKey } = await authority.issue()
  const child = fork(fileURLToPath(new URL('tunnel-server-process.ts', import.meta.url)), {
    // The young generation of the heap has its size from the start: it grows with work, and belongs to no tunnel.
    execArgv: ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16'],
  })
  const started = answerOf<{ origin: string }>(child)
  child.send({ certificate, privateKey })
  const { origin } = await started
  return {
    origin,
    ca: authority.certificate,
    figures: (asked) => ask(child, asked),
    cancelReviews: (cancelledReviews) => ask(child, { cancelledReviews }),
    askReviews: (patientReviews) => ask(child, { patientReviews }),
    stop: () => endChild(child),
  }
}

function ask<Answer>(child: ChildProcess, question: TunnelServerQuestion): Promise<Answer> {
  const answer = answerOf<Answer>(child)
  child.send(question)
  return answer
}

/** The next message of a process, unless it ends first. */
export async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const abandoned = new AbortController()
  const ended = once(child, 'exit', { signal: abandoned.signal })
  const [answer] = (await Promise.race([
    once(child, 'message', { signal: abandoned.signal }),
    ended.then(() => Promise.reject(new Error(`a process ended with ${child.exitCode ?? child.signalCode}`))),
  ])) as [Answer]
  ended.catch(() => undefined)
  abandoned.abort()
  return answer
}

/** Ends a process that lives as long as its channel. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
