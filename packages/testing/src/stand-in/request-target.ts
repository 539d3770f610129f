/** What a request is about, in the words of Kubernetes' authorizer. */
export interface ResourceTarget {
  readonly verb: string
  /** API group; empty for the core one. */
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

export interface PathTarget {
  readonly verb: string
  readonly path: string
}

export type RequestTarget = ResourceTarget | PathTarget

const collectionVerbs: Readonly<Record<string, string>> = {
  GET: 'list',
  POST: 'create',
  DELETE: 'deletecollection',
}
const objectVerbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PATCH: 'patch',
  PUT: 'update',
  DELETE: 'delete',
}

/** Reads method and path the way the API server does. Source: Kubernetes documentation, "Authorization Overview". */
export function readRequestTarget(method: string, path: string): RequestTarget {
  const segments = path.split('/').slice(1).map(decoded)
  const [root, ...rest] = segments
  if (root === 'api' && rest.length > 1) return resourceTarget(method, '', rest.slice(1))
  if (root === 'apis' && rest.length > 2) return resourceTarget(method, rest[0] ?? '', rest.slice(2))
  return { verb: method.toLowerCase(), path }
}

/** How misbehaviours and counts name the target: `tokenreviews`, `serviceaccounts/token`, `version`, `openid`. */
export function targetLabel(target: RequestTarget): string {
  if ('path' in target) return target.path.includes('openid') ? 'openid' : target.path.slice(1)
  return target.subresource === undefined ? target.resource : `${target.resource}/${target.subresource}`
}

function resourceTarget(method: string, group: string, segments: readonly string[]): ResourceTarget {
  const namespaced = segments[0] === 'namespaces' && segments.length > 2
  const [resource = '', name, subresource] = namespaced ? segments.slice(2) : segments
  // A namespace is an object inside itself: rights in a namespace cover it.
  const namespace = namespaced || (resource === 'namespaces' && name !== undefined) ? segments[1] : undefined
  const verb = (name === undefined ? collectionVerbs : objectVerbs)[method] ?? method.toLowerCase()
  return {
    verb,
    group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    // A stray percent sign: no object has such a name.
    return segment
  }
}
