import { expect, test } from 'vitest'
import { SharedFate } from './shared-fate.ts'

test('an API server that says when to come again is left alone until then', () => {
  const fate = new SharedFate()
  expect(fate.pauseAt(1000)).toBeUndefined()
  fate.answered('api-server-overloaded', 2000, 1000)
  expect(fate.pauseAt(1500)).toEqual({ failure: 'api-server-overloaded', remainingMs: 1500 })
  expect(fate.pauseAt(3000)).toBeUndefined()
})

test('one that says nothing of when is asked on', () => {
  const fate = new SharedFate()
  fate.answered('api-server-error', 0, 1000)
  expect(fate.pauseAt(1000)).toBeUndefined()
})

test('no gateway can send all away for longer than half a minute', () => {
  const fate = new SharedFate()
  fate.answered('api-server-overloaded', 86_400_000, 0)
  expect(fate.pauseAt(29_999)).toBeDefined()
  expect(fate.pauseAt(30_000)).toBeUndefined()
})

test('the longer of two pauses holds', () => {
  const fate = new SharedFate()
  fate.answered('api-server-error', 5000, 0)
  fate.answered('api-server-overloaded', 1000, 0)
  expect(fate.pauseAt(0)).toEqual({ failure: 'api-server-error', remainingMs: 5000 })
})
