/**
 * `pnpm bench scale`: what many gateways, identities and logins need, by simulation: the real rules of placing, choosing,
 * remembering, announcing and committing, on a clock of its own, with costs that other benches measured. The same seed
 * gives the same table, which is that of docs/scale.md.
 */
import { demands, scaleTable, toMarkdown } from './scale/scale-table.ts'
import { type ScaleFigures, simulateScale } from './scale/simulate-scale.ts'

export interface ScaleBench {
  bench: 'scale'
  figures: readonly ScaleFigures[]
  table: readonly (readonly string[])[]
}

export async function benchScale({ say }: { say: (line: string) => void }): Promise<ScaleBench> {
  const figures: ScaleFigures[] = []
  for (const demand of demands) figures.push(await simulateScale(demand))
  const table = scaleTable(figures)
  for (const line of toMarkdown(table)) say(line)
  return { bench: 'scale', figures, table }
}
