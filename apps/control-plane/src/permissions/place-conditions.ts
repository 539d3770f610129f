import { compileMatch, type Match, nameKind, pathKind, type TextKind, type TextMatch } from './text-match.ts'

/** Where in a project something is. What is not said is not known. */
export interface ProjectPlace {
  /** Slug. */
  readonly environment?: string | undefined
  readonly secretPath?: string | undefined
  readonly secretName?: string | undefined
}

export interface PlaceConditions {
  readonly environment?: Match | undefined
  readonly secretPath?: Match | undefined
  readonly secretName?: Match | undefined
}

type Field = keyof ProjectPlace
const kindOf: Readonly<Record<Field, TextKind>> = {
  environment: nameKind,
  secretPath: pathKind,
  secretName: nameKind,
}
const fields: readonly Field[] = ['environment', 'secretPath', 'secretName']

/** Conditions made ready: none on a field that is not there. */
export interface ReadyConditions {
  readonly matches: Readonly<Partial<Record<Field, TextMatch>>>
  /** What a condition on something unknown amounts to. */
  readonly whenUnknown: boolean
}

export function compileConditions(
  conditions: PlaceConditions,
  { whenUnknown }: { whenUnknown: boolean },
): ReadyConditions {
  const matches: Partial<Record<Field, TextMatch>> = {}
  for (const field of fields) {
    const match = conditions[field]
    if (match !== undefined) matches[field] = compileMatch(match, kindOf[field])
  }
  return { matches, whenUnknown }
}

export function conditionsHold({ matches, whenUnknown }: ReadyConditions, place: ProjectPlace): boolean {
  return fields.every((field) => {
    const match = matches[field]
    if (match === undefined) return true
    const text = place[field]
    return text === undefined ? whenUnknown : match.holds(kindOf[field].spell(text))
  })
}

/** Whether every place where `inner` holds is one where `outer` does. A yes is always right. */
export function areWithin(inner: ReadyConditions, outer: ReadyConditions): boolean {
  return fields.every((field) => {
    const wide = outer.matches[field]
    const narrow = inner.matches[field]
    return wide === undefined || (narrow?.isWithin(wide) ?? false)
  })
}

/** Whether there is no place where both hold. A yes is always right. */
export function areApart(one: ReadyConditions, other: ReadyConditions): boolean {
  return fields.some((field) => {
    const match = one.matches[field]
    const beside = other.matches[field]
    return match !== undefined && beside !== undefined && match.isApartFrom(beside)
  })
}

/** The same places in pieces, one for each text that a field lists. */
export function piecesOf(conditions: ReadyConditions): readonly ReadyConditions[] {
  return fields.reduce<readonly ReadyConditions[]>(
    (pieces, field) => {
      const singles = conditions.matches[field]?.single()
      // Beyond that they are taken as they are, which can only refuse more.
      if (singles === undefined || singles.length * pieces.length > piecesMax) return pieces
      return pieces.flatMap((piece) => singles.map((single) => withMatch(piece, field, single)))
    },
    [conditions],
  )
}

const piecesMax = 1000

function withMatch(
  { matches, whenUnknown }: ReadyConditions,
  field: Field,
  match: TextMatch,
): ReadyConditions {
  return { matches: { ...matches, [field]: match }, whenUnknown }
}
