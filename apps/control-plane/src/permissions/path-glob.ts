import { matchWithStars } from './match-with-stars.ts'
import { compileWildcard, coversWildcard, matchesWildcard, type Wildcard } from './wildcard.ts'

/** `**`: any number of parts of a path, none included. */
type GlobPart = Wildcard | '**'

/** A pattern for paths such as `/app/billing`, part by part: `*` and `?` stay within a part. */
export interface PathGlob {
  readonly parts: readonly GlobPart[]
}

/** The parts of a path; those that are empty do not count, so `/app/` is `/app`, and both `/` and `` are the root. */
export function pathParts(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '')
}

export function compilePathGlob(text: string): PathGlob {
  const parts = pathParts(text).map((part) => (part === '**' ? part : compileWildcard(part)))
  // `**/**` means the same as `**` and costs more.
  return { parts: parts.filter((part, index) => part !== '**' || parts[index - 1] !== '**') }
}

export function matchesPath(glob: PathGlob, path: readonly string[]): boolean {
  return matchWithStars(
    glob.parts,
    path,
    isStar,
    (part, text) => part !== '**' && matchesWildcard(part, text),
  )
}

/** Whether everything that `inner` matches is matched by `outer`. A yes is always right, a no may be too careful. */
export function coversPathGlob(outer: PathGlob, inner: PathGlob): boolean {
  return matchWithStars(
    outer.parts,
    inner.parts,
    isStar,
    (part, covered) => part !== '**' && covered !== '**' && coversWildcard(part, covered),
  )
}

/** Whether no path is matched by both. A yes is always right, a no may be too careful. */
export function arePathGlobsApart(one: PathGlob, other: PathGlob): boolean {
  for (const [index, part] of one.parts.entries()) {
    const beside = other.parts[index]
    if (part === '**' || beside === '**') return false
    if (beside === undefined) return true
    if (!part.hasSigns && !matchesWildcard(beside, part.glob)) return true
    if (!beside.hasSigns && !matchesWildcard(part, beside.glob)) return true
  }
  const next = other.parts[one.parts.length]
  return next !== undefined && next !== '**'
}

const isStar = (part: GlobPart): boolean => part === '**'
