import type { FastifySchemaCompiler } from 'fastify'
import { type $ZodType, safeParse } from 'zod/v4/core'
import { ValidationFailure } from './validation-failure.ts'

/**
 * Validates a part of a request by its zod schema; keys that the schema does not know are stripped. A body that
 * is missing (the framework says null) is read as an empty object, so that the answer names the fields it lacks.
 */
export const validateByZod: FastifySchemaCompiler<$ZodType> = ({ schema, httpPart }) => {
  const isBody = httpPart === 'body'
  return (received: unknown) => {
    const result = safeParse(schema, isBody ? (received ?? {}) : received)
    return result.success ? { value: result.data } : { error: new ValidationFailure(result.error.issues) }
  }
}
