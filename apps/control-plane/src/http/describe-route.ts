import { refusals } from '@postern/api-contract/error-envelope'
import type { RouteOptions } from 'fastify'

/** Either of: an access token, or a person's session. */
const ofActors = [{ accessToken: [] }, { session: [] }]
/** A path that cannot be decoded, a limit, a database that is gone. */
const ofEveryRoute = refusals(400, 429, 503)
/** A query, a body or a part of the path that is not of the shape that the route describes. */
const ofShapes = refusals(422)
const ofBodies = { ...ofEveryRoute, 413: ofEveryRoute[400], 415: ofEveryRoute[400] }

/**
 * Completes what a route says of itself by what the server does for each: what it refuses before the route is asked,
 * and who may call it. Routes for strangers need no credential; another one that needs none says `security: []`.
 */
export function describeRoute(route: RouteOptions): void {
  if (route.schema === undefined || route.schema.hide === true) return
  const { schema, config } = route
  const isProbe = config?.isProbe === true
  const takesBody = ['POST', 'PUT', 'PATCH', 'DELETE'].some((method) =>
    [route.method].flat().includes(method),
  )
  const needsNothing = config?.isForStrangers === true || isProbe || schema.security?.length === 0
  route.schema = {
    ...schema,
    security: needsNothing ? [] : ofActors,
    response: {
      ...(isProbe ? {} : takesBody ? ofBodies : ofEveryRoute),
      ...(schema.body === undefined && schema.querystring === undefined ? {} : ofShapes),
      ...responsesOf(schema.response),
    },
  }
}

function responsesOf(response: unknown): object {
  return typeof response === 'object' && response !== null ? response : {}
}
