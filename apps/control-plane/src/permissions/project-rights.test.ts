import { projectActions } from '@postern/api-contract/permissions'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInProjectRole, builtInProjectRoles } from './built-in-project-roles.ts'
import {
  type ProjectPlace,
  type ProjectRoleRules,
  type ProjectRule,
  projectRightsOf,
  requireProjectPermission,
  requireProjectRulesWithin,
} from './project-rights.ts'

const rightsOf = (...rules: ProjectRule[]) => projectRightsOf([{ slug: 'own', rules }])
const builtIn = (slug: string): ProjectRoleRules => builtInProjectRole(slug) ?? { slug, rules: [] }
const read = ['read-value']
const secrets = (conditions: ProjectRule['conditions'], inverted = false): ProjectRule => ({
  subject: 'secrets',
  action: read,
  inverted,
  conditions,
})
const at = (environment?: string, secretPath?: string, secretName?: string): ProjectPlace => ({
  environment,
  secretPath,
  secretName,
})

function isWithin(own: readonly ProjectRoleRules[], wanted: readonly ProjectRule[]): boolean {
  try {
    requireProjectRulesWithin(projectRightsOf(own), wanted)
    return true
  } catch {
    return false
  }
}

describe('project rights', () => {
  it('T17 without a role nothing is allowed', () => {
    for (const rights of [projectRightsOf([]), projectRightsOf([builtIn('no-access')])]) {
      expect(rights.can('read', 'project')).toBe(false)
      expect(rights.canSomewhere('read', 'secrets')).toBe(false)
    }
    expect(builtInProjectRole('owner')).toBeUndefined()
  })

  it('the built-in roles allow more from one to the next', () => {
    const countOf = (slug: string) => {
      const rights = projectRightsOf([builtIn(slug)])
      return projectActions.secrets.filter((action) => rights.can(action, 'secrets')).length
    }
    expect(builtInProjectRoles.map(countOf)).toEqual([0, 2, 5, 5])
    expect(projectRightsOf([builtIn('member')]).can('edit', 'members')).toBe(false)
    expect(projectRightsOf([builtIn('admin')]).can('delete', 'project')).toBe(true)
    expect(projectRightsOf([builtIn('viewer')]).can('edit', 'secrets')).toBe(false)
  })

  it('conditions hold only where all of them do', () => {
    const rights = rightsOf(
      secrets({
        environment: { $in: ['dev', 'staging'] },
        secretPath: { $glob: '/app/**' },
        secretName: 'URL',
      }),
    )
    expect(rights.can('read-value', 'secrets', at('dev', '/app/a', 'URL'))).toBe(true)
    expect(rights.can('read-value', 'secrets', at('staging', '/app/', 'URL'))).toBe(true)
    expect(rights.can('read-value', 'secrets', at('prod', '/app/a', 'URL'))).toBe(false)
    expect(rights.can('read-value', 'secrets', at('dev', '/web', 'URL'))).toBe(false)
    expect(rights.can('read-value', 'secrets', at('dev', '/app', 'KEY'))).toBe(false)
    expect(rights.can('read', 'secrets', at('dev', '/app', 'URL'))).toBe(false)
    expect(rights.canSomewhere('read-value', 'secrets')).toBe(true)
    expect(rights.canSomewhere('read', 'secrets')).toBe(false)
  })

  it('what a caller does not say is taken as the answer that allows less', () => {
    const narrow = rightsOf(secrets({ environment: { $ne: 'prod' } }))
    expect(narrow.can('read-value', 'secrets')).toBe(false)
    expect(narrow.can('read-value', 'secrets', at('dev'))).toBe(true)
    const except = rightsOf(secrets(undefined), secrets({ environment: 'prod' }, true))
    expect(except.can('read-value', 'secrets')).toBe(false)
    expect(except.can('read-value', 'secrets', at('dev'))).toBe(true)
    expect(except.can('read-value', 'secrets', at('prod'))).toBe(false)
  })

  it('an inverted rule takes away wherever it stands, from its own role alone', () => {
    const rules = [secrets({ environment: 'prod' }, true), secrets(undefined)]
    expect(rightsOf(...rules).can('read-value', 'secrets', at('prod'))).toBe(false)
    const both = projectRightsOf([
      { slug: 'one', rules },
      { slug: 'other', rules: [secrets({ environment: 'prod' })] },
    ])
    expect(both.can('read-value', 'secrets', at('prod'))).toBe(true)
  })

  it('no action and no subject stands for all of them', () => {
    const rights = rightsOf({ subject: 'secrets', action: ['manage', ''] })
    expect(rights.can('read', 'secrets')).toBe(false)
  })

  it('a denial names the roles, the action, the subject and the place', () => {
    const rights = projectRightsOf([builtIn('viewer')])
    expect(() => requireProjectPermission(rights, 'edit', 'secrets', at('prod', '/app'))).toThrow(
      expect.objectContaining({
        code: 'PermissionDenied',
        message: 'With the project roles viewer you may not edit secrets in prod at /app',
        details: { action: 'edit', subject: 'secrets', environment: 'prod', secretPath: '/app' },
      }),
    )
  })
})

describe('the bound of what may be handed out', () => {
  const granted: [string, ProjectRoleRules[], ProjectRule[]][] = [
    ['a role its own rules', [builtIn('member')], [...builtIn('member').rules]],
    ['an admin any condition', [builtIn('admin')], [secrets({ environment: { $glob: 'p*' } })]],
    [
      'less of the paths',
      [{ slug: 'own', rules: [secrets({ secretPath: { $glob: '/app/**' } })] }],
      [secrets({ secretPath: '/app/a' }), secrets({ secretPath: { $glob: '/app/*/b' }, environment: 'dev' })],
    ],
    [
      'a list of environments that two roles have one by one',
      [
        { slug: 'one', rules: [secrets({ environment: 'dev' })] },
        { slug: 'other', rules: [secrets({ environment: 'staging' })] },
      ],
      [secrets({ environment: { $in: ['dev', 'staging'] } })],
    ],
    [
      'what is apart from what was taken away',
      [{ slug: 'own', rules: [secrets(undefined), secrets({ environment: 'prod' }, true)] }],
      [secrets({ environment: 'dev' })],
    ],
    [
      'all, where the same is taken away again',
      [{ slug: 'own', rules: [secrets(undefined), secrets({ environment: 'prod' }, true)] }],
      [secrets(undefined), secrets({ environment: { $in: ['prod', 'staging'] } }, true)],
    ],
  ]
  it.each(granted)('T17 lets through %s', (_title, own, wanted) => {
    expect(isWithin(own, wanted)).toBe(true)
  })

  const refused: [string, ProjectRoleRules[], ProjectRule[]][] = [
    ['an action beyond', [builtIn('viewer')], [{ subject: 'secrets', action: ['read', 'edit'] }]],
    [
      'all instead of one environment',
      [{ slug: 'own', rules: [secrets({ environment: 'dev' })] }],
      [secrets(undefined)],
    ],
    [
      'a wider path',
      [{ slug: 'own', rules: [secrets({ secretPath: { $glob: '/app/*' } })] }],
      [secrets({ secretPath: { $glob: '/app/**' } })],
    ],
    [
      'what was taken away',
      [{ slug: 'own', rules: [secrets(undefined), secrets({ environment: 'prod' }, true)] }],
      [secrets({ environment: { $glob: '*' } })],
    ],
    ['anything, to whoever has nothing', [], [secrets({ environment: 'dev' })]],
  ]
  it.each(refused)('T17 refuses %s', (_title, own, wanted) => {
    expect(isWithin(own, wanted)).toBe(false)
  })

  const environments = ['dev', 'prod']
  const paths = ['/', '/a', '/a/b', '/b', '/b/a']
  const names = ['A', 'AB', 'B']
  const orUnknown = (texts: readonly string[]) => fc.constantFrom(undefined, ...texts)
  const matchOf = (texts: readonly string[], globs: readonly string[]) =>
    fc.oneof(
      fc.constant(undefined),
      fc.constantFrom(...texts),
      fc.record({ $ne: fc.constantFrom(...texts) }),
      fc.record({ $in: fc.subarray([...texts], { minLength: 1 }) }),
      fc.record({ $glob: fc.constantFrom(...globs) }),
      fc.record({ $glob: fc.constantFrom(...globs), $ne: fc.constantFrom(...texts) }),
      fc.record({ $eq: fc.constantFrom(...texts), $in: fc.subarray([...texts], { minLength: 1 }) }),
    )
  const rule = fc.record({
    subject: fc.constantFrom<ProjectRule['subject']>('secrets', 'folders'),
    action: fc.subarray(['read', 'edit'], { minLength: 1 }),
    inverted: fc.oneof({ arbitrary: fc.constant(false), weight: 3 }, fc.constant(true)),
    conditions: fc.record({
      environment: matchOf(environments, ['*', 'd*', 'p?od']),
      secretPath: matchOf(paths, ['/**', '/a/**', '/*', '/*/a', '/a']),
      secretName: matchOf(names, ['*', 'A*', '?', '*B']),
    }),
  })
  const rules = fc.array(rule, { maxLength: 4 })
  const places = environments.flatMap((environment) =>
    [...paths, undefined].flatMap((secretPath) =>
      [...names, undefined].map((secretName) => ({ environment, secretPath, secretName })),
    ),
  )

  it('T17 is never more generous than the rights: whatever it lets through allows nothing beyond them', () => {
    let letThrough = 0
    fc.assert(
      fc.property(
        fc.array(rules, { minLength: 1, maxLength: 2 }),
        rules,
        orUnknown(environments),
        (own, wanted, environment) => {
          const roles = own.map((ownRules, index) => ({ slug: `own-${index}`, rules: ownRules }))
          if (!isWithin(roles, wanted)) return
          letThrough += 1
          const [has, gets] = [projectRightsOf(roles), projectRightsOf([{ slug: 'wanted', rules: wanted }])]
          for (const place of [...places, { ...places[0], environment }, {}]) {
            for (const subject of ['secrets', 'folders'] as const) {
              for (const action of ['read', 'edit'] as const) {
                expect(gets.can(action, subject, place) && !has.can(action, subject, place)).toBe(false)
              }
            }
          }
        },
      ),
      { numRuns: 3000 },
    )
    expect(letThrough).toBeGreaterThan(100)
  })

  it('T17 lets everybody hand out a role of theirs as it is', () => {
    fc.assert(
      fc.property(rules, (own) => {
        expect(isWithin([{ slug: 'own', rules: own }], own)).toBe(true)
      }),
    )
  })
})
