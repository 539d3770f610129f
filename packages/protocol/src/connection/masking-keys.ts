import { randomFillSync } from 'node:crypto'

const poolBytes = 4096

/** Fills in masking keys, each unpredictable. Source: RFC 6455 section 5.3. */
export function createMaskingKeys(fill: (pool: Buffer) => unknown = randomFillSync): (key: Buffer) => void {
  const pool = Buffer.alloc(poolBytes)
  let used = poolBytes
  return (key) => {
    if (used === poolBytes) {
      fill(pool)
      used = 0
    }
    pool.copy(key, 0, used, used + 4)
    used += 4
  }
}
