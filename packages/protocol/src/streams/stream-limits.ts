/** What raw streams take, on both sides. README.md says why. */
export const streamLimits = {
  /** What a side takes of a new stream before it gives credit. */
  windowBytes: 256 * 1024,
  windowBytesMax: 4 * 1024 * 1024,
  /** By how much the windows of one connection may have grown, all together. */
  grownBytesMax: 16 * 1024 * 1024,
  /** On one connection. */
  streamsMax: 64,
  /** Data that may wait for the connection to take it; what comes after it waits in its own stream. */
  unsentBytesMax: 128 * 1024,
} as const
