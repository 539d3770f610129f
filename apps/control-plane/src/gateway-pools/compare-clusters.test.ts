import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Cluster,
  clusterOf,
  compareClusters,
  compareMember,
  describeCluster,
  followCluster,
  isSameReport,
} from './compare-clusters.ts'

function cluster(rootCas: string, tokenIssuer: string, issuerKeys: string): Cluster {
  return { rootCas: rootCas.split(''), tokenIssuer, issuerKeys: issuerKeys.split('') }
}

/** CAs are capitals, keys are digits. */
const known = cluster('AB', 'https://one', '12')

describe('comparing what a gateway reports with the cluster that is known', () => {
  it.each([
    ['the same', known, 'same'],
    [
      'a part of it, as from a gateway that has not looked since a rotation',
      cluster('A', 'https://one', '2'),
      'same',
    ],
    ['its CAs alone', cluster('AB', '', ''), 'same'],
    ['its keys alone', cluster('', 'https://one', '12'), 'same'],
    ['its CAs and keys, without the issuer’s name', cluster('AB', '', '12'), 'same'],
    ['a new CA beside a known one', cluster('BC', 'https://one', '12'), 'rotated'],
    ['a new key beside a known one', cluster('AB', 'https://one', '23'), 'rotated'],
    ['another CA, and a known key of the same issuer', cluster('Z', 'https://one', '12'), 'rotated'],
    ['other keys of the same issuer, and a known CA', cluster('AB', 'https://one', '89'), 'rotated'],
    ['another issuer with known keys, and a known CA', cluster('AB', 'https://two', '12'), 'rotated'],
    ['another CA alone', cluster('Z', '', ''), 'other'],
    ['other keys alone', cluster('', 'https://one', '89'), 'other'],
    [
      'T6: another CA and other keys, under the name of the same issuer',
      cluster('Z', 'https://one', '89'),
      'other',
    ],
    ['T6: known keys under another CA, of an issuer that is not known', cluster('Z', '', '12'), 'other'],
    ['T6: known keys of another issuer', cluster('', 'https://two', '12'), 'other'],
    ['T6: known keys of another issuer under another CA', cluster('Z', 'https://two', '12'), 'other'],
    [
      'T6: a CA that clusters share, with issuer and keys of its own',
      cluster('AB', 'https://two', '89'),
      'other',
    ],
    ['known keys alone, of an issuer that is not known', cluster('', '', '12'), 'unknown'],
    ['nothing', cluster('', '', ''), 'unknown'],
    ['an issuer alone, which anybody can name', cluster('', 'https://one', ''), 'unknown'],
  ])('%s', (_title, reported, expected) => {
    expect(compareClusters(known, reported)).toBe(expected)
  })

  it('cannot say where one side knows CAs and the other keys', () => {
    const [roots, keys] = [cluster('A', '', ''), cluster('', 'https://one', '1')]
    expect(compareClusters(roots, keys)).toBe('unknown')
    expect(compareClusters(keys, roots)).toBe('unknown')
  })

  it('T6: a newcomer with keys of its own is of another cluster, whatever CA it shares', () => {
    const sharedCa = cluster('AB', 'https://one', '89')
    expect(compareMember(known, sharedCa, false)).toBe('other')
    expect(compareMember(known, sharedCa, true)).toBe('rotated')
    expect(compareMember(known, cluster('AB', 'https://two', ''), false)).toBe('other')
    expect(compareMember(known, cluster('AB', 'https://two', ''), true)).toBe('rotated')
    expect(compareMember(known, cluster('AB', '', ''), false)).toBe('same')
  })

  const letters = (from: string) => fc.subarray(from.split(''))
  const anyCluster = fc.record({
    rootCas: letters('ABCD'),
    tokenIssuer: fc.constantFrom('', 'https://one', 'https://two'),
    issuerKeys: letters('1234'),
  })

  it('T6: never takes for the same cluster what has neither a CA nor a key in common', () => {
    fc.assert(
      fc.property(anyCluster, anyCluster, (one, other) => {
        const haveNothingInCommon =
          !one.rootCas.some((ca) => other.rootCas.includes(ca)) &&
          !one.issuerKeys.some((key) => other.issuerKeys.includes(key))
        fc.pre(haveNothingInCommon)
        expect(['other', 'unknown']).toContain(compareClusters(one, other))
      }),
    )
  })

  it('finds other clusters from both sides, and each the same as itself', () => {
    fc.assert(
      fc.property(anyCluster, anyCluster, (one, other) => {
        const [there, back] = [compareClusters(one, other), compareClusters(other, one)]
        expect(there === 'other').toBe(back === 'other')
        expect(there === 'unknown').toBe(back === 'unknown')
        expect(['same', 'unknown']).toContain(compareClusters(one, one))
      }),
    )
  })

  it('after it was followed, a report is the same, and following it again changes nothing', () => {
    fc.assert(
      fc.property(anyCluster, anyCluster, (one, other) => {
        const before = compareClusters(one, other)
        const followed = followCluster(one, other)
        const isFollowed = before === 'same' || before === 'rotated'
        expect(isFollowed ? compareClusters(followed, other) : followed).toEqual(isFollowed ? 'same' : one)
        expect(followCluster(followed, other)).toEqual(followed)
      }),
    )
  })
})

describe('following a rotation', () => {
  it('takes what is new for what is known, CAs and keys each for themselves', () => {
    expect(followCluster(known, cluster('BC', 'https://one', '12'))).toEqual(
      cluster('BC', 'https://one', '12'),
    )
    expect(followCluster(known, cluster('AB', 'https://one', '23'))).toEqual(
      cluster('AB', 'https://one', '23'),
    )
  })

  it('is not taken back by a gateway that is behind', () => {
    const after = followCluster(known, cluster('BC', 'https://one', '23'))
    expect(followCluster(after, known)).not.toEqual(cluster('A', 'https://one', '1'))
    expect(compareClusters(after, cluster('B', 'https://one', '2'))).toBe('same')
    expect(followCluster(after, cluster('B', 'https://one', '2'))).toEqual(after)
  })

  it('goes from one CA to the next over both, and stays the same cluster all the way', () => {
    let pool = cluster('A', 'https://one', '1')
    for (const reported of [
      cluster('AB', 'https://one', '1'),
      cluster('B', 'https://one', '12'),
      cluster('BC', 'https://one', '2'),
    ]) {
      expect(compareClusters(pool, reported)).not.toBe('other')
      pool = followCluster(pool, reported)
    }
    expect(compareClusters(pool, cluster('A', '', ''))).toBe('other')
  })

  it('learns what was not known, and loses nothing to a gateway that could not read all', () => {
    const roots = cluster('AB', '', '')
    expect(followCluster(roots, known)).toEqual(known)
    expect(followCluster(known, roots)).toEqual(known)
  })
})

describe('what people and the database see of a cluster', () => {
  it('names CAs, keys and issuer by short fingerprints', () => {
    const hash = (byte: number) => new Uint8Array(32).fill(byte)
    const frame = {
      kind: 'cluster' as const,
      rootCaSha256: [hash(0xb2), hash(0xa1), hash(0xb2)],
      tokenIssuer: 'https://one',
      issuerKeySha256: [hash(0xc3)],
    }
    const read = clusterOf(frame)
    expect(read).toEqual({
      rootCas: ['a1'.repeat(32), 'b2'.repeat(32)],
      tokenIssuer: 'https://one',
      issuerKeys: ['c3'.repeat(32)],
    })
    expect(read && describeCluster(read)).toBe(
      'CA a1a1a1a1a1a1+b2b2b2b2b2b2, key c3c3c3c3c3c3, issuer https://one',
    )
  })

  it('is nothing where a gateway could read nothing', () => {
    const nothing = {
      kind: 'cluster',
      rootCaSha256: [],
      tokenIssuer: 'https://one',
      issuerKeySha256: [],
    } as const
    expect(clusterOf(nothing)).toBeUndefined()
    expect(clusterOf(undefined)).toBeUndefined()
  })

  it('keeps what is not printable, and what is too long, out of messages', () => {
    const text = describeCluster({
      rootCas: [],
      tokenIssuer: `a\n\u001b[2J${'x'.repeat(1000)}`,
      issuerKeys: ['1'],
    })
    expect(text).toMatch(/^key 1, issuer a\?\?\[2Jx+$/)
    expect(text.length).toBeLessThan(150)
  })

  it('is the same report whatever the order of its fields', () => {
    const { issuerKeys, tokenIssuer, rootCas } = known
    expect(isSameReport(known, { issuerKeys, tokenIssuer, rootCas })).toBe(true)
    expect(isSameReport(known, { ...known, issuerKeys: ['1'] })).toBe(false)
    expect(isSameReport(null, known)).toBe(false)
    expect(isSameReport(null, null)).toBe(true)
  })
})
