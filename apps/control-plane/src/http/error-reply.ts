import type { ErrorEnvelope } from '@postern/api-contract/error-envelope'
import { DatabaseLost, DatabaseSilent, DatabaseUnreachable } from '../database/database-unreachable.ts'
import { isUndone } from '../database/sql-state.ts'
import { ApiError, type ApiErrorCode } from './api-error.ts'
import { ValidationFailure } from './validation-failure.ts'

export interface ErrorReply {
  envelope: ErrorEnvelope
  retryAfterSeconds: number | undefined
  /** True where the fault is ours: the error is then logged. */
  isBug: boolean
}

const statusOfCode: Record<ApiErrorCode, number> = {
  BadRequest: 400,
  Unauthorized: 401,
  PermissionDenied: 403,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  ValidationFailure: 422,
  UpgradeRequired: 426,
  RateLimitExceeded: 429,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
}

/** What the HTTP framework itself refuses, in our words. Its own texts may quote the request. */
const refusalOfFramework: Readonly<Record<string, readonly [ApiErrorCode, string]>> = {
  FST_ERR_BAD_URL: ['BadRequest', 'The path of the request is not a valid URL path'],
  FST_ERR_ASYNC_CONSTRAINT: ['BadRequest', 'The request cannot be routed'],
  FST_ERR_MAX_PARAM_LENGTH: ['BadRequest', 'A part of the path is too long'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['PayloadTooLarge', 'The body of the request is too large for this path'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UnsupportedMediaType', 'Send the body as application/json'],
  // The framework asks it of the method QUERY, whatever the path.
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: ['UnsupportedMediaType', 'Send the body as application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BadRequest', 'The body is not as long as its Content-Length says'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BadRequest', 'The body of the request is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BadRequest', 'The body of the request is empty'],
  ECONNRESET: ['BadRequest', 'The request was cut off'],
  ERR_STREAM_PREMATURE_CLOSE: ['BadRequest', 'The request was cut off'],
}

const bugMessage = 'Something went wrong on the server. Its log has the reason under this request id'

/** Maps whatever a handler threw to what the caller sees. The one place where a status is chosen. */
export function errorReply(error: unknown, reqId: string): ErrorReply {
  if (error instanceof ApiError) {
    const statusCode = statusOfCode[error.code]
    const envelope: ErrorEnvelope = { reqId, statusCode, message: messageOf(error), error: error.code }
    if (error.details !== undefined) envelope.details = error.details
    return { envelope, retryAfterSeconds: error.retryAfterSeconds, isBug: false }
  }
  if (error instanceof DatabaseUnreachable) return errorReply(databaseUnreachable(), reqId)
  if (error instanceof DatabaseSilent || error instanceof DatabaseLost)
    return errorReply(databaseLost(), reqId)
  if (isInTheWay(error)) return errorReply(undoneAgain(), reqId)
  const refusal = refusalOfFramework[frameworkCode(error)]
  if (refusal !== undefined) {
    const [code, message] = refusal
    const envelope = { reqId, statusCode: statusOfCode[code], message, error: code }
    return { envelope, retryAfterSeconds: undefined, isBug: false }
  }
  const envelope = { reqId, statusCode: 500, message: bugMessage, error: 'InternalServerError' }
  return { envelope, retryAfterSeconds: undefined, isBug: true }
}

/** Whoever runs Postern reads the reason at /readyz and in the log, once and not for each request. */
function databaseUnreachable(): ApiError {
  return new ApiError('ServiceUnavailable', 'The database cannot be reached at the moment: try again', {
    retryAfterSeconds: 1,
  })
}

/** The statement may have been the commit of a change. */
function databaseLost(): ApiError {
  return new ApiError(
    'ServiceUnavailable',
    'The connection to the database was lost, and whether a change was made is not known: look, then try again',
    { retryAfterSeconds: 1 },
  )
}

function isInTheWay(error: unknown): boolean {
  const why = isUndone(error)
  return why === 'deadlock' || why === 'serialization-failure'
}

/** After it was run again a few times. */
function undoneAgain(): ApiError {
  return new ApiError('ServiceUnavailable', 'Others are changing the same at this moment: try again', {
    retryAfterSeconds: 1,
  })
}

function messageOf(error: ApiError): ErrorEnvelope['message'] {
  if (error instanceof ValidationFailure) return [...error.issues]
  // Clients expect a list under this code, whoever threw it.
  if (error.code === 'ValidationFailure') return [{ code: 'custom', path: [], message: error.message }]
  return error.message
}

function frameworkCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
