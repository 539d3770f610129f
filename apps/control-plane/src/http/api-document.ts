import { fastifySwagger } from '@fastify/swagger'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { HttpServer } from './http-server.ts'

/** Nothing from elsewhere is loaded or called, whatever the page's script would like to. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** As JSON Schema has them; the objects themselves are kept. */
const pathParameters = z.object({
  properties: z.record(z.string(), z.custom<{ description?: string }>(isObject)),
})

const description = `Logs in workloads that run in Kubernetes, private clusters included, without giving them a secret.

Send the access token of a login as \`Authorization: Bearer …\`. Every refusal has one envelope, whose \`reqId\` is also
the \`x-request-id\` header and stands in the audit log.`

/**
 * The OpenAPI document of all routes that are registered after it: at /api/docs/json, readable at /api/docs.
 * It comes from the same zod schemas that validate the requests.
 */
export async function registerApiDocument(server: HttpServer, version: string): Promise<void> {
  await server.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Postern API', version, description },
      components: {
        securitySchemes: {
          accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          session: {
            type: 'http',
            scheme: 'bearer',
            description:
              'The token of a person’s session, as a sign-in returns it. Good wherever an access token is.',
          },
          invitation: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token of an invitation’s link.',
          },
          sessionCookie: {
            type: 'apiKey',
            in: 'cookie',
            name: 'postern_session',
            description: 'The same for pages: changes by it must come from a page of this host.',
          },
        },
      },
    },
    transform: (route) => {
      const transformed = jsonSchemaTransform(route)
      describeParameters(transformed.schema?.['params'])
      return transformed
    },
  })
  server.get('/api/docs/json', { schema: { hide: true } }, () => server.swagger())
  // 4 MB of script: read when it is mounted, not by everybody who imports this file.
  const { default: apiReference } = await import('@scalar/fastify-api-reference')
  await server.register(apiReference, {
    routePrefix: '/api/docs',
    hooks: {
      onRequest: (_request, reply, done) => {
        void reply.header('content-security-policy', pagePolicy)
        void reply.header('referrer-policy', 'no-referrer')
        done()
      },
    },
    configuration: {
      pageTitle: 'Postern API',
      url: '/api/docs/json',
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      agent: { disabled: true },
      mcp: { disabled: true },
    },
  })
}

/** A parameter of a path whose schema says nothing of it is named by its words: `gatewayId` is the id of a gateway. */
function describeParameters(params: unknown): void {
  const { properties } = pathParameters.safeParse(params).data ?? {}
  for (const [name, property] of Object.entries(properties ?? {})) {
    const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    property.description ??= words.endsWith(' id') ? `The id of the ${words.slice(0, -3)}` : `The ${words}`
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
