import { expect, it } from 'vitest'
import { closeInPhases } from './close-in-phases.ts'

it('closes in order, goes on after a phase that hangs or fails, and names both', async () => {
  const order: string[] = []
  const logged: string[] = []
  await closeInPhases(
    [
      { name: 'first', msMax: 1_000, close: async () => order.push('first') },
      { name: 'hanging', msMax: 10, close: () => new Promise(() => undefined) },
      { name: 'failing', msMax: 1_000, close: () => Promise.reject(new RangeError('text-canary')) },
      { name: 'last', msMax: 1_000, close: async () => order.push('last') },
    ],
    { warn: (fields, message) => void logged.push(`${message} ${JSON.stringify(fields)}`) },
  )
  expect(order).toEqual(['first', 'last'])
  expect(logged).toEqual([
    'closing took too long, going on {"phase":"hanging","msMax":10}',
    'closing failed, going on {"phase":"failing","error":"RangeError"}',
  ])
})
