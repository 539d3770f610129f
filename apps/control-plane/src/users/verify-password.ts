import { randomBytes } from 'node:crypto'
import { verify } from '@node-rs/argon2'
import { ApiError } from '../http/api-error.ts'

/**
 * Whether the password is the one that was hashed. Without a hash it takes as long and says false, so that nobody learns
 * by time which addresses have an account.
 */
export type VerifyPassword = (hash: string | undefined, password: string) => Promise<boolean>

/** Each has 19 MiB and a thread of the pool that name look-ups and files need too. */
const atOnceMax = 2
/** Twenty milliseconds each: the last in the queue waits for a second or two. */
const waitingMax = 100

export function createVerifyPassword(): VerifyPassword {
  const nobodysHash = hashOfNothing()
  const waiting: (() => void)[] = []
  let running = 0

  async function enter(): Promise<void> {
    if (running < atOnceMax) {
      running += 1
      return
    }
    if (waiting.length >= waitingMax) throw tooBusy()
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  /** The place goes to who waited longest, without ever being free. */
  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return async (hash, password) => {
    await enter()
    try {
      const isRight = await verify(hash ?? nobodysHash, password.normalize('NFC'))
      return isRight && hash !== undefined
    } finally {
      leave()
    }
  }
}

/** Of the same cost as `hash-password.ts` makes; nobody knows a password for it. */
function hashOfNothing(): string {
  const part = (bytes: number): string => randomBytes(bytes).toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=19456,t=2,p=1$${part(16)}$${part(32)}`
}

function tooBusy(): ApiError {
  return new ApiError('ServiceUnavailable', 'Too many people sign in at the moment: try again', {
    retryAfterSeconds: 2,
  })
}
