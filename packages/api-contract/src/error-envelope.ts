import { z } from 'zod'

/** One thing that is wrong with a request. Never holds the value that was received. */
export const validationIssue = z.object({
  code: z.string().describe('The kind of problem, such as `invalid_type` or `too_small`'),
  path: z
    .array(z.union([z.string(), z.number()]))
    .describe('Where it is: the names of the fields, outermost first'),
  message: z.string(),
})

/** The body of every reply that is not a success. */
export const errorEnvelope = z
  .object({
    reqId: z.string().describe('The request id; also the `x-request-id` header, and in the audit log'),
    statusCode: z.int(),
    message: z
      .union([z.string(), z.array(validationIssue)])
      .describe('A sentence; for `ValidationFailure` a list of what is wrong, each naming its field'),
    error: z.string().describe('The kind of refusal, such as `Unauthorized` or `ValidationFailure`'),
    details: z.unknown().optional(),
  })
  .meta({ description: 'Why the request was refused' })

/** What a route itself may refuse with; the statuses that the server adds to each route need not be named. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 422 | 426 | 429 | 503 | 504

/**
 * The refusals of a route, for its `response` schemas: `{ 200: reply, ...refusals(401, 403, 404, 422) }`. What every
 * route may answer (400, 413, 415 for bodies, 429, 503) is added by the server.
 */
export function refusals<const Status extends RefusalStatus>(
  ...statuses: readonly Status[]
): Record<Status, typeof errorEnvelope>
export function refusals(...statuses: readonly RefusalStatus[]): Record<number, typeof errorEnvelope> {
  return Object.fromEntries(statuses.map((status) => [status, errorEnvelope]))
}

/** Of a route for actors: no or a dead token, no right, a request of the wrong shape. */
export const actorRefusals = refusals(401, 403, 422)

export type ValidationIssue = z.output<typeof validationIssue>
export type ErrorEnvelope = z.output<typeof errorEnvelope>
