import type { RouteOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChangeCase, type ChangeWorld, startChangeWorld } from './test/change-world.ts'
import { organizationChanges } from './test/organization-changes.ts'
import { peopleChanges } from './test/people-changes.ts'
import { projectChanges } from './test/project-changes.ts'

/** Routes that take a body, or a method, as a change does, and change nothing. */
const changesNothing: Readonly<Record<string, string>> = {
  'POST /api/v1/identities/search': 'reads, with the filter in the body',
  'POST /api/v1/auth/token/introspect': 'reads, with the token in the body, as RFC 7662 has it',
  'POST /api/v1/auth/checkAuth': 'says whether a session lives',
  'POST /api/v1/auth/token': 'gives a page the token of the session that its cookie is for',
  'POST /api/v1/projects/:projectId/memberships/details': 'reads, with the person in the body',
  'POST /api/v1/workspace/:projectId/memberships/details': 'reads, with the person in the body',
  'POST /api/v2/workspace/:projectId/memberships/details': 'reads, with the person in the body',
}

const cases: readonly ChangeCase[] = [...organizationChanges, ...peopleChanges, ...projectChanges]
const routes: { method: string; url: string }[] = []
let world: ChangeWorld
beforeAll(async () => {
  world = await startChangeWorld(noteRoute)
})
afterAll(() => world.close())

function noteRoute({ method, url }: RouteOptions): void {
  for (const one of [method].flat()) {
    const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(one)
    if (!isSafe && !routes.some((route) => route.method === one && route.url === url)) {
      routes.push({ method: one, url })
    }
  }
}

const casesOf = ({ method, url }: { method: string; url: string }): ChangeCase[] =>
  cases.filter((one) => one.method === method && one.template.test(url))

/** What a change answered, and what of it was written down, read from the database that it was made in. */
async function make({ prepare }: ChangeCase, { method, url }: { method: string; url: string }) {
  const { params = {}, body, token = world.postern.admin, to } = await prepare(world)
  const path = url.replaceAll(/:([A-Za-z]+)/g, (_whole, name: string) => {
    const value = params[name]
    if (value === undefined) throw new Error(`${method} ${url}: nothing is planted for ${name}`)
    return value
  })
  const app = to ?? world.postern.app
  try {
    const reply = await app.call(method, path, { body, ...(token !== null && { token }) })
    const rows = await app.database.kysely
      .selectFrom('audit_events')
      .select(['event', 'outcome'])
      .where('request_id', '=', reply.headers.get('x-request-id') ?? '')
      .execute()
    return { reply, events: rows.map(({ event, outcome }) => `${event} ${outcome}`).toSorted() }
  } finally {
    await to?.close()
  }
}

describe('every route that changes something', () => {
  it('has a change here, or a reason why it needs none', () => {
    const nameOf = ({ method, url }: { method: string; url: string }): string => `${method} ${url}`
    expect(routes.length).toBeGreaterThan(80)
    const unclear = routes.filter(
      (route) => casesOf(route).length + Number(nameOf(route) in changesNothing) !== 1,
    )
    expect(unclear.map(nameOf)).toEqual([])
    const names = new Set(routes.map(nameOf))
    expect(Object.keys(changesNothing).filter((name) => !names.has(name))).toEqual([])
    const unused = cases.filter(
      ({ method, template }) => !routes.some((route) => route.method === method && template.test(route.url)),
    )
    expect(unused.map(({ method, template }) => `${method} ${template.source}`)).toEqual([])
  })

  it('writes down exactly what was done', async () => {
    const complaints: string[] = []
    for (const route of routes) {
      for (const change of casesOf(route)) {
        const made = await make(change, route).catch((error: unknown) => String(error))
        if (typeof made === 'string') {
          complaints.push(made)
          continue
        }
        const { reply, events } = made
        const expected = change.events.map((event) => `${event} success`).toSorted()
        if (reply.status >= 300 || events.join() !== expected.join()) {
          const answer = reply.status < 300 ? '' : ` ${JSON.stringify(reply.body)}`
          complaints.push(`${route.method} ${route.url}: ${reply.status}, ${events.join()}${answer}`)
        }
      }
    }
    expect(complaints).toEqual([])
  }, 120_000)

  it('tells the other replicas of what they remember', () => {
    expect([...world.notices].toSorted()).toEqual([
      'gateway-credentials',
      'gateway-pool',
      'gateway-pools-of-organization',
      'identity',
      'organization-keys',
      'organization-role',
      'project',
      'revocations',
      'signing-keys',
    ])
  })
})
