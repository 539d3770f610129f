/** Of `explain (format json)`. */
export interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  Plans?: PlanNode[]
}

/** The child index of each partition, and the index of the partitioned table that it is a part of. */
export const partitionIndexes = `
  select inhrelid::regclass::text as child, inhparent::regclass::text as parent
  from pg_inherits join pg_index on indexrelid = inhrelid`

/** The indexes by which a plan looks, those of partitions by their table's; and the tables that it reads from end to end. */
export function readPlan(
  plan: PlanNode,
  indexes: readonly { child: string; parent: string }[],
): { used: string[]; whole: string[] } {
  const nodes = withInner(plan)
  const parentOf = new Map(indexes.map(({ child, parent }) => [child, parent]))
  const used = nodes.flatMap(({ 'Index Name': name }) =>
    name === undefined ? [] : [parentOf.get(name) ?? name],
  )
  const whole = nodes.flatMap(({ 'Node Type': type, 'Relation Name': table }) =>
    type === 'Seq Scan' && table !== undefined ? [table] : [],
  )
  return { used: [...new Set(used)], whole }
}

function withInner(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(withInner)]
}
