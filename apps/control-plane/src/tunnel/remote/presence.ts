import { protocolLimits, type ClusterFrame, type HealthFrame, type PeerLoad } from '@postern/protocol'
import { z } from 'zod'
import { readJson, writeJson } from './read-json.ts'

/** What a replica says of a tunnel that it holds. */
export interface AnnouncedTunnel {
  tunnelId: string
  gatewayId: string
  organizationId: string
  /** Random per gateway process. */
  instanceId: string
  keyId: string
  /** Bits that both sides of the tunnel speak. */
  features: number
  isRoutable: boolean
  /** Others are better: it is silent, or its holder will stop. */
  isSuspect: boolean
  roundTripMs?: number | undefined
  load: PeerLoad
  health?: HealthFrame | undefined
  cluster?: ClusterFrame | undefined
}

/** One message of one replica about its tunnels: those that it names and no others. */
export interface Presence {
  /** Random per process: a replica that comes again is another one. */
  processId: string
  replicaId: string
  /** What others dial for raw streams, host:port; undefined: it opens none for others. */
  streamAddress?: string | undefined
  /** Counts the messages of the process, from 1. */
  sequence: number
  /** By the clock of the process that says it. */
  sentAtMs: number
  here: readonly AnnouncedTunnel[]
  /** Ids of tunnels that have ended. */
  gone: readonly string[]
  /** The replica stops: none of its tunnels is left. */
  isLeaving: boolean
}

/** Together far below what NATS takes in one message (1 MiB), however much each gateway says of itself. */
export const presenceLimits = { hereMax: 50, goneMax: 2_000, bytesMax: 768 * 1024 } as const

/** Of a DNS name, with brackets and a port. */
const addressLengthMax = 264

const name = z.string().min(1).max(protocolLimits.nameBytesMax)
const count = z.int().nonnegative()
const fingerprint = z
  .string()
  .max(64)
  .transform((text) => Buffer.from(text, 'base64'))
  .refine(({ length }) => length === protocolLimits.fingerprintBytes)

const health = z
  .object({
    apiServerReachable: z.boolean(),
    mayReviewTokens: z.boolean(),
    credentialExpiresAtS: z.number().nonnegative(),
    detail: z.string().max(protocolLimits.detailBytesMax),
  })
  .transform((fields) => ({ kind: 'health' as const, ...fields }))

const cluster = z
  .object({
    rootCaSha256: z.array(fingerprint).max(protocolLimits.rootCertificatesMax),
    tokenIssuer: z.string().max(protocolLimits.tokenIssuerBytesMax),
    issuerKeySha256: z.array(fingerprint).max(protocolLimits.issuerKeysMax),
  })
  .transform((fields) => ({ kind: 'cluster' as const, ...fields }))

const announcedTunnel = z.object({
  tunnelId: name,
  gatewayId: name,
  organizationId: name,
  instanceId: name,
  keyId: name,
  features: count,
  isRoutable: z.boolean(),
  isSuspect: z.boolean(),
  roundTripMs: z.number().nonnegative().optional(),
  load: z.object({ inFlight: count, eventLoopLagMs: z.number().nonnegative() }),
  health: health.optional(),
  cluster: cluster.optional(),
})

const presence = z.object({
  processId: name,
  replicaId: name,
  streamAddress: z.string().max(addressLengthMax).optional(),
  sequence: count,
  sentAtMs: z.number(),
  here: z.array(announcedTunnel).max(presenceLimits.hereMax),
  gone: z.array(name).max(presenceLimits.goneMax),
  isLeaving: z.boolean(),
})

export function writePresence({ here, ...fields }: Presence): Buffer {
  return writeJson({ ...fields, here: here.map(toJson) })
}

/** @returns undefined when it is none */
export function readPresence(message: Uint8Array): Presence | undefined {
  return readJson(presence, message, presenceLimits.bytesMax)
}

function toJson({ cluster: said, ...tunnel }: AnnouncedTunnel): object {
  if (said === undefined) return tunnel
  const { rootCaSha256, tokenIssuer, issuerKeySha256 } = said
  return {
    ...tunnel,
    cluster: {
      rootCaSha256: rootCaSha256.map(toText),
      tokenIssuer,
      issuerKeySha256: issuerKeySha256.map(toText),
    },
  }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
