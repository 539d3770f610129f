import { expect, it } from 'vitest'
import { parseQuery } from './parse-query.ts'

it('an empty query parameter is an absent one', () => {
  expect({ ...parseQuery('a=&b=1&c&d=x%20y') }).toEqual({ b: '1', d: 'x y' })
})

it('a query cannot reach the prototype of objects', () => {
  expect(Object.getPrototypeOf(parseQuery('__proto__=1&constructor=2'))).toBeNull()
})
