import { expect, it } from 'vitest'
import type { Experiment } from './experiment.ts'
import { runInTurn } from './run-each.ts'

const named = (name: string, mostlyWaits?: true): Experiment => ({
  name,
  asked: 'something',
  ...(mostlyWaits === undefined ? {} : { mostlyWaits }),
  run: () => Promise.reject(new Error('it is run by another process')),
})
const several = [named('a'), named('w1', true), named('b'), named('w2', true), named('w3', true), named('c')]

it('what measures times runs alone, what mostly waits runs two at a time, and each runs once', async () => {
  const running = new Set<string>()
  const seen: string[] = []
  const lastBegan = Promise.withResolvers<void>()
  const run = async ({ name }: Experiment): Promise<boolean> => {
    running.add(name)
    seen.push([...running].join('+'))
    if (name === 'w3') lastBegan.resolve()
    if (name === 'w1') await lastBegan.promise
    running.delete(name)
    return true
  }
  expect(await runInTurn(several, run)).toBe(true)
  expect(seen).toEqual(['a', 'b', 'c', 'w1', 'w1+w2', 'w1+w3'])
})

it.each(['a', 'w3'])('fails when %s does, and goes on', async (failing) => {
  const seen: string[] = []
  const run = ({ name }: Experiment): Promise<boolean> => {
    seen.push(name)
    return Promise.resolve(name !== failing)
  }
  expect(await runInTurn(several, run)).toBe(false)
  expect(seen).toHaveLength(several.length)
})
