import { folderDepthMax } from '../folders/folder-paths.ts'

/** `${KEY}`: beside the secret that refers. `${prod.payments.api.KEY}`: in the environment prod, in /payments/api. */
export interface Reference {
  /** As it stands in the value. */
  readonly written: string
  /** The slug of an environment of the same project; undefined: where the secret that refers is. */
  readonly environment: string | undefined
  /** Names of folders from the root on; counts only beside an environment. */
  readonly path: readonly string[]
  readonly key: string
}

/** A piece of a value: text that stands for itself, or a reference. */
export type ValuePiece = string | Reference

/** No class in it holds `$`, so no character is looked at twice. */
const referencePattern = /\$\{([A-Za-z0-9_.-]{1,6000})\}/g

/** The pieces of a value, which joined give the value again. Whatever is no well-formed reference is text. */
export function parseReferences(value: string): ValuePiece[] {
  // Most values hold none.
  if (!value.includes('${')) return [value]
  const pieces: ValuePiece[] = []
  let textFrom = 0
  for (const match of value.matchAll(referencePattern)) {
    const [written, name = ''] = match
    const reference = referenceOf(written, name)
    if (reference === undefined) continue
    if (match.index > textFrom) pieces.push(value.slice(textFrom, match.index))
    pieces.push(reference)
    textFrom = match.index + written.length
  }
  if (textFrom < value.length || pieces.length === 0) pieces.push(value.slice(textFrom))
  return pieces
}

export function holdsReference(pieces: readonly ValuePiece[]): boolean {
  return pieces.some((piece) => typeof piece !== 'string')
}

function referenceOf(written: string, name: string): Reference | undefined {
  const names = name.split('.')
  if (names.includes('')) return undefined
  const key = names.pop() ?? name
  const [environment, ...path] = names
  return path.length > folderDepthMax ? undefined : { written, environment, path, key }
}
