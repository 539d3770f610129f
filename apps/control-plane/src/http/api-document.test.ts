import { errorEnvelope } from '@postern/api-contract/error-envelope'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { registerApiDocument } from './api-document.ts'
import { type StartedHttpServer, startHttpServer } from './test/start-http-server.ts'

describe('the API document', () => {
  let server: StartedHttpServer
  beforeAll(async () => {
    server = await startHttpServer(async (routes) => {
      await registerApiDocument(routes, '1.2.3')
      const schema = {
        operationId: 'getThing',
        summary: 'One thing',
        params: z.object({ id: z.uuid() }),
        response: { 200: z.object({ name: z.string() }), 404: errorEnvelope },
      }
      routes.get('/api/v1/things/:id', { schema }, () => ({ name: 'x' }))
    })
  })
  afterAll(() => server.close())

  it('describes the routes by the schemas that validate them, and not itself', async () => {
    const reply = await fetch(`${server.url}/api/docs/json`)
    const document: unknown = await reply.json()
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
      paths: {
        '/api/v1/things/{id}': { get: { operationId: 'getThing', parameters: [{ name: 'id', in: 'path' }] } },
      },
    })
    expect(Object.keys(z.object({ paths: z.record(z.string(), z.unknown()) }).parse(document).paths)).toEqual(
      ['/api/v1/things/{id}'],
    )
  })

  it('is readable on a page that may load nothing from elsewhere', async () => {
    const page = await fetch(`${server.url}/api/docs`)
    const html = await page.text()
    expect(page.status).toBe(200)
    expect(html).not.toMatch(/(?:https?:)?\/\/(?!127\.0\.0\.1)[a-z]/i)
    expect(html).toContain('/api/docs/json')
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/https?:|\*/)
    const script = await fetch(new URL('js/scalar.js', page.url))
    expect(script.headers.get('content-type')).toContain('javascript')
    await script.body?.cancel()
  })
})
