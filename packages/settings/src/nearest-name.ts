/** The name that a misspelt one most likely meant: fewest changed letters, at most a third of them. */
export function nearestName(misspelt: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: editDistance(misspelt, name) }))
    .sort((left, right) => left.distance - right.distance)
  return best !== undefined && best.distance <= misspelt.length / 3 ? best.name : undefined
}

/** Levenshtein's: insertions, deletions and replacements of one letter. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? left.length
}
