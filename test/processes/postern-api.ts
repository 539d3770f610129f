/** What the control plane answered: the status, the parsed JSON and the headers. */
export interface ApiReply {
  status: number
  body: JsonObject
  headers: Headers
}

export type JsonObject = Record<string, unknown>

export interface PosternApi {
  readonly url: string
  get(path: string): Promise<ApiReply>
  post(path: string, body?: unknown): Promise<ApiReply>
  patch(path: string, body: unknown): Promise<ApiReply>
  delete(path: string): Promise<ApiReply>
  /** Speaks as the holder of another access token. */
  as(accessToken: string): PosternApi
}

/** The HTTP API as a client from outside sees it. Statuses are returned, not thrown: tests look at refusals most. */
export function createPosternApi(url: string, accessToken?: string): PosternApi {
  const call = async (method: string, path: string, body?: unknown): Promise<ApiReply> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      body: text === '' ? {} : (JSON.parse(text) as JsonObject),
      headers: answer.headers,
    }
  }
  return {
    url,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path) => call('DELETE', path),
    as: (token) => createPosternApi(url, token),
  }
}

/** Unwraps a reply that must have succeeded; anything else is an error that shows what came instead. */
export function expectOk(reply: ApiReply): JsonObject {
  if (reply.status !== 200)
    throw new Error(`expected 200, got ${reply.status}: ${JSON.stringify(reply.body)}`)
  return reply.body
}

/** Reads `a.b.c` of a reply as a string; a missing or other value is an error. */
export function textAt(body: JsonObject, path: string): string {
  const value = path.split('.').reduce<unknown>((inside, key) => {
    return typeof inside === 'object' && inside !== null ? (inside as JsonObject)[key] : undefined
  }, body)
  if (typeof value !== 'string') throw new Error(`no text at ${path} in ${JSON.stringify(body)}`)
  return value
}
