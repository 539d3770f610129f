import fc from 'fast-check'
import { expect, it } from 'vitest'
import { rangeMs, wantedRole } from './member-body.ts'

it.each([
  ['1s', 1000],
  ['30m', 1_800_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['999999w', 999_999 * 604_800_000],
])('%s is %d ms', (range, ms) => {
  expect(rangeMs(range)).toBe(ms)
})

it('a temporary role ends its range after its start', () => {
  expect(
    wantedRole({
      role: 'viewer',
      isTemporary: true,
      temporaryRange: '1h',
      temporaryAccessStartTime: '2026-01-31T10:30:00+01:00',
    }),
  ).toEqual({
    role: 'viewer',
    time: {
      range: '1h',
      from: new Date('2026-01-31T09:30:00.000Z'),
      until: new Date('2026-01-31T10:30:00.000Z'),
    },
  })
})

it('whatever stands beside a lasting role says nothing', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (temporaryRange, temporaryAccessStartTime) => {
      const beside = { temporaryRange, temporaryAccessStartTime }
      expect(wantedRole({ role: 'viewer', isTemporary: false, ...beside })).toEqual({
        role: 'viewer',
        time: null,
      })
    }),
  )
})
