import { writeBytesMax } from '../connection/frame-socket.ts'

/** What raw streams take, on both sides. README.md says why. */
export const streamLimits = {
  /** What a side takes of a new stream before it gives credit. */
  windowBytes: 256 * 1024,
  windowBytesMax: 4 * 1024 * 1024,
  /** By how much the windows of one connection may have grown, all together. */
  grownBytesMax: 16 * 1024 * 1024,
  /** Of a Data frame that is sent: one write holds it, and a few frames of credit before it. */
  payloadBytes: writeBytesMax - 128,
  /** On one connection. */
  streamsMax: 64,
} as const
