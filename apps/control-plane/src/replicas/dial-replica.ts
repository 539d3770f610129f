import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { type Socket, connect } from 'node:net'

import { DirectFailure, readMessage, writeMessage } from './direct-messages.ts'
import { withinPhase } from './direct-phase.ts'
import { DirectProofs, nonceOfChallenge, writeHello } from './direct-proofs.ts'

export interface DialReplicaOptions {
  /** Whom to expect there. */
  to: { replicaId: string; host: string; port: number }
  /** This replica. */
  replicaId: string
  /** Of the instance. */
  secret: KeyObject
  request: Uint8Array
  signal: AbortSignal
  timings?: Partial<DialTimings>
}

export interface DialTimings {
  connectMs: number
  challengeMs: number
  /** The holder opens what it is asked for within this time, and answers. */
  answerMs: number
}

/** The raw bytes of the other side follow its answer, on a socket whose halves end on their own. */
export interface DirectAnswer {
  answer: Buffer
  socket: Socket
}

const defaultTimings: DialTimings = { connectMs: 2_000, challengeMs: 2_000, answerMs: 12_000 }
/** Who is gone without a word is noticed by the kernel, if by nobody else. */
export const keepAliveMs = 10_000

/**
 * Opens a direct connection to another replica. Leaves no socket behind unless it is answered.
 * @throws DirectFailure, or the signal's reason
 */
export async function dialReplica(options: DialReplicaOptions): Promise<DirectAnswer> {
  const { host, port } = options.to
  const socket = connect({
    host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
  })
  // It may break before its owner has got it: the owner finds `errored`, and the process goes on.
  socket.on('error', () => undefined)
  try {
    return { answer: await converse(socket, options), socket }
  } catch (error) {
    // Who waits at the other side learns it at once. While it connects there is nobody, and nothing to reset.
    if (socket.connecting) socket.destroy()
    else socket.resetAndDestroy()
    throw error
  }
}

async function converse(socket: Socket, options: DialReplicaOptions): Promise<Buffer> {
  const { to, replicaId, secret, request, signal } = options
  const { connectMs, challengeMs, answerMs } = { ...defaultTimings, ...options.timings }
  await withinPhase({ name: 'the connection', ms: connectMs, signal }, (phase) => connected(socket, phase))
  const hello = writeHello({ callerId: replicaId, holderId: to.replicaId })
  writeMessage(socket, hello)
  const challenge = await withinPhase({ name: 'the challenge', ms: challengeMs, signal }, (phase) =>
    readMessage(socket, phase),
  )
  const nonce = nonceOfChallenge(challenge)
  if (nonce === undefined) throw new DirectFailure('malformed', 'what came is no challenge')
  const proofs = new DirectProofs(secret, hello, nonce)
  if (proofs.open('challenge', challenge) === undefined) throw notProven()
  writeMessage(socket, proofs.prove('request', request))
  const message = await withinPhase({ name: 'the answer', ms: answerMs, signal }, (phase) =>
    readMessage(socket, phase),
  )
  const answer = proofs.open('answer', message)
  if (answer === undefined) throw notProven()
  return answer
}

async function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  try {
    await once(socket, 'connect', { signal })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new DirectFailure('unreachable', code)
  }
}

function notProven(): DirectFailure {
  return new DirectFailure('not-proven', 'what answers there is no replica of this instance')
}
