import { invalidField } from '../../http/validation-failure.ts'

/** Deeper than any tree that people keep in their heads, and shallow enough for every recursive walk. */
export const folderDepthMax = 20

/** What a folder may be called. Case matters: `Payments` and `payments` are two folders. */
export const folderName = /^[A-Za-z0-9_-]{1,255}$/

/**
 * `/payments/api` → `['payments', 'api']`; the root, `/`, and an empty text are `[]`. Clients differ in slashes: a
 * missing one in front, one at the end and doubled ones mean nothing. Throws ApiError (422) for anything else.
 * @param field the parameter that holds the path, for the refusal
 */
export function parseSecretPath(text: string, field = 'secretPath'): string[] {
  const names = text.split('/').filter((name) => name !== '')
  if (names.length > folderDepthMax) {
    throw invalidField(field, `may have ${folderDepthMax} folders at most, one within the other`)
  }
  if (!names.every((name) => folderName.test(name))) {
    throw invalidField(
      field,
      'must be the names of folders with / between them: letters, digits, - and _, at most 255 in each',
    )
  }
  return names
}

/** The one spelling that rules, replies and the audit log know: `/payments/api`. */
export function joinPath(path: readonly string[]): string {
  return `/${path.join('/')}`
}
