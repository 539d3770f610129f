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

export type ValidationIssue = z.output<typeof validationIssue>
export type ErrorEnvelope = z.output<typeof errorEnvelope>
