import { describe, expect, test } from 'vitest'
import { ChangeNotices } from './change-notices.ts'

/** Two replicas, and what goes from one to the others. */
function busOfTwo() {
  const hearers: ((message: Uint8Array) => void)[] = []
  const sent: string[] = []
  const replica = () => {
    const own: ((message: Uint8Array) => void)[] = []
    return {
      publish: (topic: string, message: Uint8Array) => {
        sent.push(`${topic} ${Buffer.from(message).toString()}`)
        for (const hear of hearers) if (!own.includes(hear)) hear(message)
      },
      listen: (_topic: string, hear: (message: Uint8Array) => void) => {
        own.push(hear)
        hearers.push(hear)
        return () => void hearers.splice(hearers.indexOf(hear), 1)
      },
    }
  }
  return { buses: [replica(), replica()] as const, sent, hearers }
}

describe('a change of one replica', () => {
  test('is applied there at once, then on the others, with its ids', () => {
    const { buses } = busOfTwo()
    const [one, other] = buses.map((bus) => new ChangeNotices(bus))
    const applied: string[] = []
    const forget = one?.share('role', (organizationId: string, role: string) => {
      applied.push(`one ${organizationId} ${role}`)
    })
    other?.share('role', (organizationId: string, role: string) => {
      applied.push(`other ${organizationId} ${role}`)
    })
    forget?.('acme', 'viewer')
    expect(applied).toEqual(['one acme viewer', 'other acme viewer'])
  })

  test('is only told where there is nothing to do for the one that made it', () => {
    const { buses, sent } = busOfTwo()
    const [one, other] = buses.map((bus) => new ChangeNotices(bus))
    let heard = 0
    const tell = one?.on('revocations', () => {
      throw new Error('told itself')
    })
    other?.on('revocations', () => {
      heard += 1
    })
    tell?.()
    expect([heard, sent]).toEqual([1, ['changed ["revocations"]']])
  })

  test('is not heard any more after the end', () => {
    const { buses, hearers } = busOfTwo()
    const [one, other] = buses.map((bus) => new ChangeNotices(bus))
    const tell = one?.on('revocations', () => undefined)
    other?.on('revocations', () => {
      throw new Error('heard')
    })
    other?.close()
    tell?.()
    expect(hearers).toHaveLength(1)
  })
})

describe('what is no notice, or none of this version, does nothing', () => {
  test.each([
    ['not JSON', '{'],
    ['no list', '{"0":"identity"}'],
    ['a name that nobody knows', '["later",1]'],
    ['an unknown name with text', '["later","x"]'],
    ['no name', '[]'],
    ['an id that is no text', '["identity",{"id":1}]'],
    ['too few ids', '["identity"]'],
    ['too many ids', '["identity","a","b"]'],
    ['very many ids', JSON.stringify(['identity', ...Array.from({ length: 100 }, () => 'a')])],
    ['a very long id', JSON.stringify(['identity', 'a'.repeat(5000)])],
  ])('%s', (_what, text) => {
    const { buses, hearers } = busOfTwo()
    const notices = new ChangeNotices(buses[0])
    notices.share('identity', (identityId: string) => {
      throw new Error(`applied to ${identityId}`)
    })
    expect(hearers).toHaveLength(1)
    for (const hear of hearers) hear(Buffer.from(text))
  })

  test('two meanings of one name are a bug', () => {
    const notices = new ChangeNotices(busOfTwo().buses[0])
    notices.on('identity', () => undefined)
    expect(() => notices.on('identity', () => undefined)).toThrow('heard already')
  })
})
