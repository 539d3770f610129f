import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { accessTokenReply } from '@postern/api-contract/access-tokens'
import { bootstrapResponse } from '@postern/api-contract/bootstrap'
import { errorEnvelope } from '@postern/api-contract/error-envelope'
import { identityResponse } from '@postern/api-contract/identities'
import { createClientSecretReply, universalAuthReply } from '@postern/api-contract/universal-auth'
import type { RouteOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type TestApp, startTestApp } from './test/start-test-app.ts'

interface Route {
  method: string
  /** As it is registered: `/api/v1/identities/:identityId`. */
  template: string
  options: RouteOptions
}

interface Answer {
  status: number
  body: unknown
  allow: string | undefined
}

const operation = z.looseObject({
  operationId: z.string().min(1),
  summary: z.string().min(1),
  tags: z.array(z.string()).min(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(z.looseObject({ name: z.string(), in: z.string(), description: z.string().optional() }))
    .default([]),
  requestBody: z.unknown().optional(),
  responses: z.record(z.string(), z.unknown()),
})
const apiDocument = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) })

let app: TestApp
let admin: string
let organizationId: string
let document: z.output<typeof apiDocument>
const routes: Route[] = []
beforeAll(async () => {
  app = await startTestApp({}, { observers: { route: noteRoute } })
  const bootstrapped = await app.call('POST', '/api/v1/admin/bootstrap', {
    body: { email: 'ada@example.com', password: 'correct horse battery', organization: 'Acme' },
  })
  const { identity, organization } = bootstrapResponse.parse(bootstrapped.body)
  ;[admin, organizationId] = [identity.credentials.token, organization.id]
  document = apiDocument.parse((await app.call('GET', '/api/docs/json')).body)
})
afterAll(() => app.close())

function noteRoute(options: RouteOptions): void {
  for (const method of [options.method].flat()) {
    // The framework adds a HEAD for each GET.
    if (method !== 'HEAD' && !options.url.startsWith('/api/docs')) {
      routes.push({ method, template: options.url, options })
    }
  }
}

const titleOf = ({ method, template }: Route): string => `${method} ${template}`
const documentedPath = (template: string): string => template.replaceAll(/:([A-Za-z]+)/g, '{$1}')
const operationOf = ({ method, template }: Route) =>
  document.paths[documentedPath(template)]?.[method.toLowerCase()]
const takesBody = ({ method }: Route): boolean => method !== 'GET'
const pathOf = (template: string): string => template.replaceAll(/:[A-Za-z]+/g, () => randomUUID())

/** Which routes do not do what `holds` says; the answer to an empty list of complaints. */
async function complaintsOf(holds: (route: Route) => Promise<string | undefined>): Promise<string[]> {
  const complaints: string[] = []
  for (const route of routes) {
    const complaint = await holds(route)
    if (complaint !== undefined) complaints.push(`${titleOf(route)}: ${complaint}`)
  }
  return complaints
}

interface Sent {
  body?: string
  type?: string
  token?: string
}

/** By hand, because fetch sends no body with a GET. */
async function send(method: string, path: string, { body, type, token }: Sent = {}): Promise<Answer> {
  const headers = {
    ...(body !== undefined && {
      'content-type': type ?? 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const sending = request(app.url + path, { method, headers })
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  sending.on('error', reject)
  sending.on('response', (response) => {
    const answer = (received: string) => {
      const isJson = response.headers['content-type']?.includes('json') === true
      resolve({
        status: response.statusCode ?? 0,
        body: isJson ? (JSON.parse(received) as unknown) : received,
        allow: response.headers.allow,
      })
    }
    text(response).then(answer, reject)
  })
  sending.end(body)
  return promise
}

/** What an actor without any right may call: it tells them about themselves, or lists what they belong to. */
const openToEveryActor: readonly string[] = [
  'GET /api/v1/identities/details',
  'GET /api/v1/organization',
  'GET /api/v1/organization/accessible-with-sub-orgs',
  'GET /api/v1/projects',
  'GET /api/v1/sub-organizations',
  'GET /api/v1/workspace',
]

async function tokenWithoutRole(): Promise<string> {
  const asAdmin = async (path: string, body: unknown) =>
    (await send('POST', path, { body: JSON.stringify(body), token: admin })).body
  const created = await asAdmin('/api/v1/identities', { name: 'nobody', organizationId })
  const { id } = identityResponse.parse(created).identity
  const path = `/api/v1/auth/universal-auth/identities/${id}`
  const read = await send('GET', path, { token: admin })
  const { clientId } = universalAuthReply.parse(read.body).identityUniversalAuth
  const { clientSecret } = createClientSecretReply.parse(await asAdmin(`${path}/client-secrets`, {}))
  const login = await asAdmin('/api/v1/auth/universal-auth/login', { clientId, clientSecret })
  return accessTokenReply.parse(login).accessToken
}

/** What is wrong with a refusal, or undefined. */
function complaintAbout(route: Route, { status, body }: Answer): string | undefined {
  if (operationOf(route)?.responses[String(status)] === undefined) return `answers ${status}, undocumented`
  if (status < 400) return undefined
  const envelope = errorEnvelope.safeParse(body)
  if (!envelope.success) return `answers ${status} without the envelope`
  if (envelope.data.statusCode !== status) return 'names another status than it answers'
  return undefined
}

describe('the API document', () => {
  it('has every route, and no path without a route', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const registered = routes.map(({ method, template }) => `${method} ${documentedPath(template)}`)
    expect(registered.length).toBeGreaterThan(60)
    expect(documented.toSorted()).toEqual([...new Set(registered)].toSorted())
  })

  it('gives every operation an id of its own', () => {
    const ids = routes.map((route) => operationOf(route)?.operationId)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  it('names what everybody may be refused with', async () => {
    const missing = await complaintsOf(async (route) => {
      const { security, responses, requestBody, parameters } = operation.parse(operationOf(route))
      const expected = [
        ...(route.template === '/api/status' ? [] : ['400', '429', '503']),
        ...(security.length === 0 ? [] : ['401']),
        ...(requestBody === undefined ? [] : ['413', '415', '422']),
        ...(parameters.some((parameter) => parameter.in === 'query') ? ['422'] : []),
      ]
      const absent = expected.filter((status) => responses[status] === undefined)
      const isAnswered = Object.keys(responses).some((status) => /^(?:101|[23])/.test(status))
      if (!isAnswered) return 'documents no success'
      return absent.length === 0 ? undefined : `does not document ${absent.join(', ')}`
    })
    expect(missing).toEqual([])
  })

  it('describes every parameter of every path', async () => {
    const missing = await complaintsOf(async (route) => {
      const inPath = operation
        .parse(operationOf(route))
        .parameters.filter(({ in: place }) => place === 'path')
      const names = [...route.template.matchAll(/:([A-Za-z]+)/g)].map(([, name]) => name)
      const described = inPath.filter(({ description }) => description !== undefined)
      const absent = names.filter((name) => !described.some((parameter) => parameter.name === name))
      return absent.length === 0 ? undefined : `says nothing of ${absent.join(', ')}`
    })
    expect(missing).toEqual([])
  })
})

describe('every route', () => {
  it('refuses strangers where it says that it needs a credential, in the envelope', async () => {
    const complaints = await complaintsOf(async (route) => {
      const answer = await send(route.method, pathOf(route.template), takesBody(route) ? { body: '{}' } : {})
      const needsCredential = operationOf(route)?.security.length !== 0
      if (needsCredential && ![401, 404, 422].includes(answer.status)) return `answers ${answer.status}`
      return complaintAbout(route, answer)
    })
    expect(complaints).toEqual([])
  })

  it('refuses a dead token where it says that it needs a credential', async () => {
    const complaints = await complaintsOf(async (route) => {
      if (operationOf(route)?.security.length === 0) return undefined
      const token = 'eyJhbGciOiJub25lIn0.e30.'
      const answer = await send(route.method, pathOf(route.template), {
        token,
        ...(takesBody(route) && { body: '{}' }),
      })
      return [401, 404, 422].includes(answer.status) ? undefined : `answers ${answer.status}`
    })
    expect(complaints).toEqual([])
  })

  it('T17: lets an identity without a role in nowhere but at what is its own', async () => {
    const token = await tokenWithoutRole()
    const answered: string[] = []
    const complaints = await complaintsOf(async (route) => {
      const sent = takesBody(route) ? { body: '{}' } : {}
      const answer = await send(route.method, pathOf(route.template), { ...sent, token })
      const needsCredential = operationOf(route)?.security.length !== 0
      if (needsCredential && answer.status < 300) answered.push(titleOf(route))
      return complaintAbout(route, answer)
    })
    expect(complaints).toEqual([])
    expect(answered.toSorted()).toEqual(openToEveryActor.toSorted())
  })

  it('takes a slash at the end', async () => {
    const complaints = await complaintsOf(async (route) => {
      const sent = takesBody(route) ? { body: '{}' } : {}
      const path = pathOf(route.template)
      const [plain, slashed] = [
        await send(route.method, path, sent),
        await send(route.method, `${path}/`, sent),
      ]
      return plain.status === slashed.status ? undefined : `${plain.status}, with a slash ${slashed.status}`
    })
    expect(complaints).toEqual([])
  })

  it.each([
    ['no JSON', '{', 400],
    ['__proto__', '{"__proto__":{"isAdmin":true}}', 400],
    ['constructor.prototype', '{"a":[{"constructor":{"prototype":{}}}]}', 400],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 400],
  ])('T25: refuses a body with %s', async (_title, body, status) => {
    const complaints = await complaintsOf(async (route) => {
      if (!takesBody(route)) return undefined
      const answer = await send(route.method, pathOf(route.template), { body })
      return answer.status === status ? complaintAbout(route, answer) : `answers ${answer.status}`
    })
    expect(complaints).toEqual([])
  })

  it('T25: refuses a body of another type', async () => {
    const complaints = await complaintsOf(async (route) => {
      if (!takesBody(route)) return undefined
      const answer = await send(route.method, pathOf(route.template), { body: 'a=1', type: 'text/plain' })
      return answer.status === 415 ? complaintAbout(route, answer) : `answers ${answer.status}`
    })
    expect(complaints).toEqual([])
  })

  it('T25: refuses a body beyond its bound', async () => {
    const complaints = await complaintsOf(async (route) => {
      if (route.options.config?.isForStrangers !== true) return undefined
      const answer = await send(route.method, pathOf(route.template), {
        body: JSON.stringify('x'.repeat(16 * 1024)),
      })
      return !takesBody(route) || answer.status === 413 ? undefined : `answers ${answer.status}`
    })
    expect(complaints).toEqual([])
  })

  it('ignores the body of a GET', async () => {
    const complaints = await complaintsOf(async (route) => {
      if (takesBody(route)) return undefined
      const path = pathOf(route.template)
      const [plain, odd] = [await send('GET', path), await send('GET', path, { body: '{"__proto__":' })]
      return plain.status === odd.status ? undefined : `${plain.status}, with a body ${odd.status}`
    })
    expect(complaints).toEqual([])
  })

  it('answers another method by 405, which says what the path takes', async () => {
    const complaints = await complaintsOf(async (route) => {
      const answer = await send('PUT', pathOf(route.template), { body: '{}' })
      const isRight = answer.status === 405 && answer.allow?.split(', ').includes(route.method) === true
      return isRight ? undefined : `answers ${answer.status} ${answer.allow ?? ''}`
    })
    expect(complaints).toEqual([])
  })

  it('answers somebody who may do everything as it is documented, and never by 500', async () => {
    const complaints = await complaintsOf(async (route) => {
      const path = pathOf(route.template)
      const queries = takesBody(route) ? [''] : ['', '?limit=-1&offset=x&since=y', '?a=&b=']
      for (const query of queries) {
        const sent = takesBody(route) ? { body: '{}' } : {}
        const answer = await send(route.method, path + query, { ...sent, token: admin })
        if (answer.status >= 500 && answer.status !== 503) return `answers ${answer.status}`
        const complaint = complaintAbout(route, answer)
        if (complaint !== undefined) return complaint
      }
      return undefined
    })
    expect(complaints).toEqual([])
  })

  it.each(['not-a-uuid', '%00', 'x'.repeat(200), '..%2f..', '%F0%9F%92%A5'])(
    'answers the odd part of a path %j by a refusal that is documented',
    async (part) => {
      const complaints = await complaintsOf(async (route) => {
        if (!route.template.includes(':')) return undefined
        const path = route.template.replaceAll(/:[A-Za-z]+/g, part)
        const sent = takesBody(route) ? { body: '{}' } : {}
        const answer = await send(route.method, path, { ...sent, token: admin })
        if (answer.status >= 500 || answer.status < 300) return `answers ${answer.status}`
        return complaintAbout(route, answer)
      })
      expect(complaints).toEqual([])
    },
  )
})

describe('no route', () => {
  it.each(['/api', '/api/v9/identities', '/api/v1/identities/a/b/c/d', '/', '//'])(
    'is at %s: 404 in the envelope',
    async (path) => {
      const answer = await send('GET', path)
      expect(answer.status).toBe(404)
      expect(errorEnvelope.parse(answer.body)).toMatchObject({ error: 'NotFound' })
    },
  )

  it.each(['/api/v1/identities/%00', '/api/v1/secrets%0a', '/api/v9/%1F', '/api/v1/folders/%7f'])(
    'is looked for at %s, which holds a control character: 400 in the envelope',
    async (path) => {
      const answer = await send('GET', path, { token: admin })
      expect(answer.status).toBe(400)
      expect(errorEnvelope.parse(answer.body)).toMatchObject({ error: 'BadRequest' })
    },
  )
})
