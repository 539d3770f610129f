import { createSecretKey, hash, randomBytes } from 'node:crypto'
import { openSealedBytes, sealBytes } from '../keyring/sealed-bytes.ts'
import type { ReadTrace } from './read-trace.ts'

/** The content of a reply. */
export interface ReplyContent {
  /** The same for the same bytes, and for no others: an entity tag without its quotes. */
  readonly tag: string
  bytes(): Buffer
}

/**
 * Replies that are asked for again and again, kept for as long as what they were made of is the same. They hold secrets,
 * so they are kept sealed, with a key that only this process has and that ends with it. One reply is opened in a
 * twentieth of the time that it takes to open each value in it.
 */
export interface KeptReplies {
  /** Asks the trace's stores again. Undefined: none is kept, or it is no longer right. */
  find(key: string): Promise<ReplyContent | undefined>
  /** @param key names all that the reply depends on besides what the trace holds */
  keep(key: string, trace: ReadTrace, bytes: Buffer): ReplyContent
}

interface Kept {
  readonly trace: ReadTrace
  readonly tag: string
  readonly sealed: Buffer
  /** Of everything here. */
  readonly bytes: number
}

const bytesMaxDefault = 32 * 1024 * 1024
/** A reply made of more is made again as quickly. */
const readsMax = 50
const keptBytesAbout = 1_000
const place = ['kept-reply']

export function createKeptReplies(bytesMax: number = bytesMaxDefault): KeptReplies {
  const sealingKey = createSecretKey(randomBytes(32))
  const kept = new Map<string, Kept>()
  let keptBytes = 0

  function drop(key: string): void {
    keptBytes -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }

  function put(key: string, reply: Kept): void {
    drop(key)
    kept.set(key, reply)
    keptBytes += reply.bytes
    for (const oldest of kept.keys()) {
      if (keptBytes <= bytesMax) break
      drop(oldest)
    }
  }

  return {
    find: async (key) => {
      const reply = kept.get(key)
      if (reply === undefined) return undefined
      if (!(await reply.trace.isStillTrue())) {
        if (kept.get(key) === reply) drop(key)
        return undefined
      }
      return { tag: reply.tag, bytes: () => openSealedBytes(sealingKey, place, reply.sealed) }
    },
    keep: (key, trace, bytes) => {
      const tag = hash('sha256', bytes, 'base64url')
      const size = keptBytesAbout + key.length + trace.characters + bytes.length
      // One reply must not put out all the others.
      if (trace.length <= readsMax && size <= bytesMax / 4) {
        put(key, { trace, tag, sealed: sealBytes(sealingKey, place, bytes), bytes: size })
      }
      return { tag, bytes: () => bytes }
    },
  }
}
