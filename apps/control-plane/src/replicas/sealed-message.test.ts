import { createSecretKey, randomBytes } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { MessageSealer } from './sealed-message.ts'

const secret = createSecretKey(randomBytes(32))
const message = Buffer.from('token canary')

describe('MessageSealer', () => {
  it('opens what another replica sealed for the same place, of any length', () => {
    const [ours, theirs] = [new MessageSealer(secret), new MessageSealer(secret)]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string(), (bytes, place) => {
        expect(theirs.open(place, ours.seal(place, bytes))).toEqual({
          kind: 'opened',
          message: Buffer.from(bytes),
        })
      }),
    )
  })

  it('shows nothing of the message', () => {
    expect(new MessageSealer(secret).seal('a', message).includes('canary')).toBe(false)
  })

  it('opens nothing of who does not know the secret', () => {
    const stranger = new MessageSealer(createSecretKey(randomBytes(32)))
    expect(new MessageSealer(secret).open('a', stranger.seal('a', message))).toEqual({ kind: 'unreadable' })
  })

  it('opens nothing that was sealed for another place', () => {
    const sealed = new MessageSealer(secret).seal('a', message)
    expect(new MessageSealer(secret).open('b', sealed)).toEqual({ kind: 'unreadable' })
  })

  it('opens nothing that was changed or cut in any byte, and knows the whole one afterwards all the same', () => {
    const sealed = new MessageSealer(secret).seal('a', message)
    const theirs = new MessageSealer(secret)
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(theirs.open('a', changed)).toEqual({ kind: 'unreadable' })
      expect(theirs.open('a', sealed.subarray(0, index))).toEqual({ kind: 'unreadable' })
    }
    expect(theirs.open('a', sealed).kind).toBe('opened')
  })

  it('opens no message twice, though others come in between', () => {
    const [ours, theirs] = [new MessageSealer(secret), new MessageSealer(secret)]
    const sealed = Array.from({ length: 5 }, () => ours.seal('a', message))
    const order = [2, 0, 2, 1, 0, 4, 3, 4]
    const kinds = order.map((index) => theirs.open('a', sealed[index] ?? Buffer.alloc(0)).kind)
    expect(kinds).toEqual([
      'opened',
      'opened',
      'replayed',
      'opened',
      'replayed',
      'opened',
      'opened',
      'replayed',
    ])
  })

  it('knows what is its own', () => {
    const ours = new MessageSealer(secret)
    expect(ours.open('a', ours.seal('a', message))).toEqual({ kind: 'own' })
  })

  it('keeps the keys of a bounded number of senders, and hears the forgotten ones again', () => {
    const theirs = new MessageSealer(secret)
    const senders = Array.from({ length: 600 }, () => new MessageSealer(secret))
    for (const sender of [...senders, ...senders]) {
      expect(theirs.open('a', sender.seal('a', message)).kind).toBe('opened')
    }
  })

  it('never throws on bytes of whatever kind', () => {
    const theirs = new MessageSealer(secret)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        if (bytes.length > 0) bytes[0] = 1
        expect(theirs.open('a', bytes)).toEqual({ kind: 'unreadable' })
      }),
    )
  })
})
