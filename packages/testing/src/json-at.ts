/** The value at a path of keys inside parsed JSON, or undefined where the path ends early. */
export function jsonAt(json: unknown, ...path: readonly string[]): unknown {
  let value = json
  for (const key of path) {
    if (!isJsonObject(value)) return undefined
    value = Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}

/** The text at a path inside parsed JSON; throws when there is none. */
export function textAt(json: unknown, ...path: readonly string[]): string {
  const value = jsonAt(json, ...path)
  if (typeof value !== 'string') throw new TypeError(`no text at ${path.join('.')}`)
  return value
}

/** The texts of the list at a path; empty when there is no list. */
export function textsAt(json: unknown, ...path: readonly string[]): string[] {
  const value = jsonAt(json, ...path)
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
