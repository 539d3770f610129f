/** A piece of a secret's value whose reference was looked up. */
export type ResolvedPiece = string | ResolvedReference

export interface ResolvedReference {
  readonly written: string
  /** The secret that it leads to; undefined where there is none, or none that the reader may read. */
  readonly target: string | undefined
}

/** Secrets by an id of the caller's choice. */
export type ReferenceGraph = ReadonlyMap<string, readonly ResolvedPiece[]>

export interface ExpansionLimits {
  /** References followed one after the other, from a value to the last one that it needs. */
  depthMax: number
  /** Of an expanded value, in UTF-16 units. A value that is longer by itself stays, unexpanded. */
  charactersMax: number
  /** Of all expanded values together, those that are only on the way included. */
  charactersTotalMax: number
}

export const expansionLimits: ExpansionLimits = {
  depthMax: 10,
  charactersMax: 256 * 1024,
  charactersTotalMax: 32 * 1024 * 1024,
}

interface Expanded {
  text: string
  /** References followed below. */
  depth: number
}

/**
 * Every secret's value with the values of others in the place of references. A reference stays as it is written where it
 * leads nowhere, to a secret that leads back here, deeper than the limit, or beyond the size. What a secret expands to does
 * not depend on which secret was asked for: a circle is the same circle from wherever it is entered.
 *
 * Each secret is expanded once, after those that it refers to: Tarjan's strongly connected components, which come out in
 * that order (SIAM J. Comput. 1 (1972) 146). Without recursion: chains may be as long as there are secrets.
 *
 * @returns 'too-long' as soon as they are too long together, before the text that is too much is made
 */
export function expandReferences(
  graph: ReferenceGraph,
  limits: ExpansionLimits = expansionLimits,
): Map<string, string> | 'too-long' {
  const expanded = new Map<string, Expanded>()
  let charactersLeft = limits.charactersTotalMax
  for (const circle of componentsOf(graph)) {
    const members = new Set(circle)
    const follow = (target: string): Expanded | undefined =>
      members.has(target) ? undefined : expanded.get(target)
    for (const id of circle) {
      const { texts, length, depth } = expandOne(graph.get(id) ?? [], follow, limits)
      charactersLeft -= length
      if (charactersLeft < 0) return 'too-long'
      expanded.set(id, { text: texts.join(''), depth })
    }
  }
  return new Map([...expanded].map(([id, { text }]) => [id, text]))
}

function expandOne(
  pieces: readonly ResolvedPiece[],
  follow: (target: string) => Expanded | undefined,
  { depthMax, charactersMax }: ExpansionLimits,
): { texts: string[]; length: number; depth: number } {
  let length = pieces.reduce(
    (sum, piece) => sum + (typeof piece === 'string' ? piece : piece.written).length,
    0,
  )
  let depth = 0
  const texts = pieces.map((piece) => {
    if (typeof piece === 'string') return piece
    const target = piece.target === undefined ? undefined : follow(piece.target)
    if (target === undefined || target.depth >= depthMax) return piece.written
    const grown = length - piece.written.length + target.text.length
    if (grown > charactersMax && target.text.length > piece.written.length) return piece.written
    length = grown
    depth = Math.max(depth, target.depth + 1)
    return target.text
  })
  return { texts, length, depth }
}

interface Visit {
  id: string
  targets: readonly string[]
  next: number
}

interface Place {
  index: number
  /** The earliest secret on the stack that can be reached from here. */
  lowest: number
  isOnStack: boolean
}

/** Groups of secrets that lead to each other, most of them of one; each after all groups that it leads to. */
function* componentsOf(graph: ReferenceGraph): Generator<string[]> {
  const places = new Map<string, Place>()
  const stack: string[] = []

  const enter = (id: string): Visit => {
    places.set(id, { index: places.size, lowest: places.size, isOnStack: true })
    stack.push(id)
    return { id, targets: targetsOf(graph, id), next: 0 }
  }

  for (const root of graph.keys()) {
    if (places.has(root)) continue
    const visits: Visit[] = [enter(root)]
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const place = placeOf(places, visit.id)
      const target = visit.targets[visit.next]
      if (target !== undefined) {
        visit.next += 1
        const known = places.get(target)
        if (known === undefined) visits.push(enter(target))
        else if (known.isOnStack) place.lowest = Math.min(place.lowest, known.index)
        continue
      }
      visits.pop()
      const parent = visits.at(-1)
      if (parent !== undefined) {
        const above = placeOf(places, parent.id)
        above.lowest = Math.min(above.lowest, place.lowest)
      }
      if (place.lowest === place.index) yield takeComponent(places, stack, visit.id)
    }
  }
}

function takeComponent(places: ReadonlyMap<string, Place>, stack: string[], root: string): string[] {
  const members = stack.splice(stack.lastIndexOf(root))
  for (const id of members) placeOf(places, id).isOnStack = false
  return members
}

function targetsOf(graph: ReferenceGraph, id: string): string[] {
  const targets = new Set<string>()
  for (const piece of graph.get(id) ?? []) {
    if (typeof piece === 'string' || piece.target === undefined) continue
    if (graph.has(piece.target)) targets.add(piece.target)
  }
  return [...targets]
}

function placeOf(places: ReadonlyMap<string, Place>, id: string): Place {
  const place = places.get(id)
  if (place === undefined) throw new Error('a secret was visited before it was entered')
  return place
}
