import { expect, test } from 'vitest'
import { SeldomLog } from './seldom-log.ts'

test('a flood of one kind is one line in ten seconds, with how many came before it, and hides no other kind', () => {
  const lines: [object, string][] = []
  let now = 0
  const log = new SeldomLog({
    log: { warn: (fields, message) => lines.push([fields, message]) },
    elapsed: () => now,
  })
  for (; now < 25_000; now += 10) log.warn('host-not-allowed', { target: 'a' }, 'a stream was refused')
  log.warn('unreachable', { target: 'b' }, 'a stream was refused')
  expect(lines).toEqual([
    [{ target: 'a' }, 'a stream was refused'],
    [{ target: 'a', before: 999 }, 'a stream was refused'],
    [{ target: 'a', before: 999 }, 'a stream was refused'],
    [{ target: 'b' }, 'a stream was refused'],
  ])
})
