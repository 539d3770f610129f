import { isJsonObject, type JsonObject } from '../json-at.ts'

export type Patched =
  | { readonly kind: 'patched'; readonly object: JsonObject }
  /** The content type names no kind of patch. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'malformed' }
  /** A JSON patch whose test fails, or whose path leads nowhere. */
  | { readonly kind: 'rejected' }

/**
 * Applies a patch of the kind that the content type names. A strategic merge differs from a merge in lists only, and
 * no kind here has a list that tests patch.
 */
export function applyPatch(object: JsonObject, body: string, contentType: string | undefined): Patched {
  const type = contentType?.split(';', 1)[0]?.trim()
  const isMerge = type === 'application/merge-patch+json' || type === 'application/strategic-merge-patch+json'
  if (!isMerge && type !== 'application/json-patch+json') return { kind: 'unsupported' }
  const patch = parsed(body)
  if (isMerge)
    return isJsonObject(patch) ? { kind: 'patched', object: merge(object, patch) } : { kind: 'malformed' }
  if (!Array.isArray(patch)) return { kind: 'malformed' }
  let current: JsonObject | undefined = object
  for (const operation of patch) {
    current = current === undefined ? undefined : operate(current, operation)
  }
  return current === undefined ? { kind: 'rejected' } : { kind: 'patched', object: current }
}

/** RFC 7396: null removes, objects merge, anything else replaces. */
function merge(target: JsonObject, patch: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...target }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else if (isJsonObject(value)) merged[key] = merge(isJsonObject(merged[key]) ? merged[key] : {}, value)
    else merged[key] = value
  }
  return merged
}

/** One operation of RFC 6902 on members of objects; undefined when it cannot be done. */
function operate(target: JsonObject, operation: unknown): JsonObject | undefined {
  if (!isJsonObject(operation)) return undefined
  const { op, path, value } = operation
  if (typeof path !== 'string' || !path.startsWith('/')) return undefined
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return change(target, keys, (parent, key) => {
    const { [key]: present, ...others } = parent
    if (op === 'add') return { ...parent, [key]: value }
    if (present === undefined) return undefined
    if (op === 'replace') return { ...parent, [key]: value }
    if (op === 'remove') return others
    return op === 'test' && JSON.stringify(present) === JSON.stringify(value) ? parent : undefined
  })
}

function change(
  target: JsonObject,
  keys: readonly string[],
  edit: (parent: JsonObject, key: string) => JsonObject | undefined,
): JsonObject | undefined {
  const [key = '', ...rest] = keys
  if (rest.length === 0) return edit(target, key)
  const child = target[key]
  const changed = isJsonObject(child) ? change(child, rest, edit) : undefined
  return changed === undefined ? undefined : { ...target, [key]: changed }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Malformed, which the caller says.
    return undefined
  }
}
