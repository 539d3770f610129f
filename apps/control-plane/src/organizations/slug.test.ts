import fc from 'fast-check'
import { expect, it } from 'vitest'
import { slugOf } from './slug.ts'

it.each([
  ['Acme', 'acme'],
  ['  Größe & Söhne  ', 'grosse-sohne'],
  ['Crème--Brûlée', 'creme-brulee'],
  ['日本', 'organization'],
  ['', 'organization'],
  [`${'x'.repeat(39)} y`, 'x'.repeat(39)],
])('the slug of %j is %s', (name, slug) => {
  expect(slugOf(name)).toBe(slug)
})

it('a slug is made of lower-case words with hyphens between, whatever the name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(slugOf(name)).toMatch(/^[a-z\d]+(?:-[a-z\d]+)*$/)
    }),
  )
})
