/** What the stand-in answers, before any misbehaviour. */
export interface Reply {
  readonly status: number
  /** JSON text, unless `contentType` says otherwise. */
  readonly body: string
  readonly contentType?: string
}

/** Names that Kubernetes gives its refusals. Source: Kubernetes API reference, meta/v1 Status. */
export type StatusReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Forbidden'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotFound'
  | 'RequestEntityTooLarge'
  | 'Unauthorized'
  | 'UnsupportedMediaType'

const codes: Readonly<Record<StatusReason, number>> = {
  AlreadyExists: 409,
  BadRequest: 400,
  Conflict: 409,
  Forbidden: 403,
  Invalid: 422,
  MethodNotAllowed: 405,
  NotFound: 404,
  RequestEntityTooLarge: 413,
  Unauthorized: 401,
  UnsupportedMediaType: 415,
}

export function jsonReply(status: number, body: object): Reply {
  return { status, body: JSON.stringify(body) }
}

/** A refusal as the API server words it: an object of kind `Status`. */
export function refusal(reason: StatusReason, message: string, details?: object): Reply {
  const code = codes[reason]
  return jsonReply(code, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  })
}

export function methodNotAllowed(): Reply {
  return refusal('MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

export function notServed(): Reply {
  return refusal('NotFound', 'the server could not find the requested resource', {})
}
