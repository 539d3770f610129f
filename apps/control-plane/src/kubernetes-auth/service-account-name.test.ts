import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseServiceAccountName } from './service-account-name.ts'

describe('reading who the cluster vouched for', () => {
  it.each([
    ['a node', 'system:node:worker-1'],
    ['a user', 'jane'],
    ['an anonymous user', 'system:anonymous'],
    ['five parts', 'system:serviceaccount:payments:api:extra'],
    ['a sixth, empty part', 'system:serviceaccount:payments:api::'],
    ['three parts', 'system:serviceaccount:payments'],
    ['an empty namespace', 'system:serviceaccount::api'],
    ['an empty name', 'system:serviceaccount:payments:'],
    ['upper case', 'system:serviceaccount:Payments:api'],
    ['an upper-case prefix', 'System:serviceaccount:payments:api'],
    ['a NUL', 'system:serviceaccount:payments:api\0'],
    ['a newline at the end', 'system:serviceaccount:payments:api\n'],
    ['a newline after the namespace', 'system:serviceaccount:payments\n:api'],
    ['a space before', ' system:serviceaccount:payments:api'],
    ['a dot in the namespace', 'system:serviceaccount:pay.ments:api'],
    ['a namespace of 64 characters', `system:serviceaccount:${'n'.repeat(64)}:api`],
    ['a name of 254 characters', `system:serviceaccount:payments:${'a'.repeat(254)}`],
    ['a name that begins with a dot', 'system:serviceaccount:payments:.api'],
    ['a name with two dots in a row', 'system:serviceaccount:payments:a..b'],
    ['a namespace that ends with a hyphen', 'system:serviceaccount:payments-:api'],
    ['letters that only look like ASCII', 'system:serviceaccount:pаyments:api'],
    ['the group instead of a name', 'system:serviceaccounts'],
    ['nothing', ''],
  ])('T10: refuses %s', (_title, username) => {
    expect(parseServiceAccountName(username)).toBeUndefined()
  })

  it.each([
    ['payments', 'api'],
    ['n'.repeat(63), 'a'.repeat(253)],
    ['0', 'team.api-1'],
  ])('T10: reads %s and %s', (namespace, name) => {
    expect(parseServiceAccountName(`system:serviceaccount:${namespace}:${name}`)).toEqual({ namespace, name })
  })

  it('T10: never reads a name that would print as another username', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '0', '-', '.', ':', 'A', '\n', '\0'), maxLength: 6 })
    fc.assert(
      fc.property(part, part, (namespace, name) => {
        const username = `system:serviceaccount:${namespace}:${name}`
        const read = parseServiceAccountName(username)
        if (read === undefined) return
        expect(`system:serviceaccount:${read.namespace}:${read.name}`).toBe(username)
        expect(read.namespace).toMatch(/^[a-z0-9-]{1,63}$/)
        expect(read.name).toMatch(/^[a-z0-9.-]{1,253}$/)
      }),
    )
  })
})
