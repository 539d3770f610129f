import { randomFillSync } from 'node:crypto'

const poolBytes = 4096

/**
 * Masking keys (RFC 6455 section 5.3) for the `generateMask` of a client of ws, unpredictable and never zero: ws sends
 * what a key of zero would mask without a copy, and the sender would write over it before it has left.
 */
export function createMaskingKeys(fill: (pool: Buffer) => unknown = randomFillSync): (key: Buffer) => void {
  const pool = Buffer.alloc(poolBytes)
  let used = poolBytes
  return (key) => {
    do {
      if (used === poolBytes) {
        fill(pool)
        used = 0
      }
      pool.copy(key, 0, used, used + 4)
      used += 4
    } while (key.readUInt32LE(0) === 0)
  }
}
