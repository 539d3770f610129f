import { protocolLimits, type ResetCode, resetNumbers, type StreamError } from '@postern/protocol'
import { z } from 'zod'
import { readJson, writeJson } from '../remote/read-json.ts'

/** What another replica holds: a tunnel, or a connection for streams that it took for the replica which called for it. */
export type StreamHold = { tunnelId: string } | { connectionId: string }

/** A raw stream through what another replica holds. */
export type RemoteStreamRequest = StreamHold & {
  organizationId: string
  gatewayId: string
  host: string
  port: number
}

export type RemoteStreamAnswer =
  /** Its bytes follow. */
  | { kind: 'opened' }
  /** By the gateway, or because its process opens no connection for streams. */
  | { kind: 'refused'; reason: StreamError['reason']; detail: string }
  /** What is held is not here, or not any more. */
  | { kind: 'no-tunnel' }

const bytesMax = 4 * 1024
const name = z.string().min(1).max(protocolLimits.nameBytesMax)

const common = z.object({
  organizationId: name,
  gatewayId: name,
  host: z.string().min(1).max(protocolLimits.hostBytesMax),
  port: z.int().min(1).max(65_535),
})
const request = z.union([common.extend({ tunnelId: name }), common.extend({ connectionId: name })])

const answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('opened') }),
  z.object({
    kind: z.literal('refused'),
    reason: z.string().transform(readReason),
    detail: z.string(),
  }),
  z.object({ kind: z.literal('no-tunnel') }),
])

export function writeStreamRequest(fields: RemoteStreamRequest): Buffer {
  return writeJson(fields)
}

export function readStreamRequest(message: Uint8Array): RemoteStreamRequest | undefined {
  return readJson(request, message, bytesMax)
}

export function writeStreamAnswer(fields: RemoteStreamAnswer): Buffer {
  return writeJson(fields)
}

export function readStreamAnswer(message: Uint8Array): RemoteStreamAnswer | undefined {
  return readJson(answer, message, bytesMax)
}

/** A later version of the holder may know more. */
function readReason(reason: string): StreamError['reason'] {
  if (reason === 'connection-lost') return reason
  return isResetCode(reason) ? reason : 'unspecified'
}

function isResetCode(code: string): code is ResetCode {
  return Object.hasOwn(resetNumbers, code)
}
