import type { Demand, ScaleFigures } from './simulate-scale.ts'

/** The columns of the table in docs/scale.md. */
export const demands: readonly Demand[] = [
  { gateways: 1_000, identities: 100_000, loginsPerSecond: 1_000 },
  { gateways: 10_000, identities: 1_000_000, loginsPerSecond: 10_000 },
]

/** The table of docs/scale.md: what it says of each demand, to two digits. */
export function scaleTable(all: readonly ScaleFigures[]): string[][] {
  const row = (name: string, of: (figures: ScaleFigures) => string): string[] => [name, ...all.map(of)]
  return [
    row('Gateways', ({ demand }) => count(demand.gateways)),
    row('Identities', ({ demand }) => count(demand.identities)),
    row('Logins a second', ({ demand }) => count(demand.loginsPerSecond)),
    row('**Replicas**, one of which may be away', ({ replicas }) => count(replicas)),
    row('CPU of a replica while one is away', ({ cpu }) =>
      percent(cpu.logins + cpu.hops + cpu.presence + cpu.tunnels),
    ),
    row('… logins', ({ cpu }) => percent(cpu.logins)),
    row('… reviews over NATS', ({ cpu }) => percent(cpu.hops)),
    row('… presence', ({ cpu }) => percent(cpu.presence)),
    row('… tunnels and their pings', ({ cpu }) => percent(cpu.tunnels)),
    row('Memory of a replica', ({ memoryBytes }) => bytes(memoryBytes)),
    row('Tunnels', ({ tunnels }) => count(tunnels.all)),
    row('Tunnels of a replica at most', ({ tunnels }) => count(twoDigits(tunnels.perReplicaMax))),
    row('Gateway processes with both tunnels on one replica', ({ tunnels }) =>
      percent(tunnels.processesOnOneReplica),
    ),
    row('Logins whose review goes over NATS', ({ hopShare }) => percent(hopShare)),
    row('PostgreSQL: connections', ({ postgres }) => count(postgres.connections)),
    row('PostgreSQL: reads a second', ({ postgres }) => count(twoDigits(postgres.readsPerSecond))),
    row('PostgreSQL: rows a second (audit, and as many last logins)', ({ demand }) =>
      count(2 * demand.loginsPerSecond),
    ),
    row('PostgreSQL: commits of audit rows a second', ({ postgres }) =>
      count(twoDigits(postgres.statementsPerSecond)),
    ),
    row('PostgreSQL: audit rows in a commit', ({ postgres }) => postgres.rowsPerStatement.toFixed(1)),
    row('PostgreSQL: flushes a second', ({ postgres }) => count(twoDigits(postgres.flushesPerSecond))),
    row('PostgreSQL: a login waits for its commit, p99', ({ postgres }) => `${postgres.p99Ms.toFixed(1)} ms`),
    row('PostgreSQL: cores for logins', ({ postgres }) => postgres.cores.toFixed(1)),
    row('Audit log a day', ({ postgres }) => bytes(postgres.auditBytesPerDay)),
    row('NATS: presence messages a second', ({ nats }) => count(twoDigits(nats.presencePerSecond))),
    row('NATS: presence bytes out a second', ({ nats }) => bytes(nats.presenceBytesOutPerSecond)),
    row('NATS: messages of reviews a second, in and out', ({ nats }) =>
      count(twoDigits(nats.reviewMessagesPerSecond)),
    ),
    row('NATS: cores for reviews', ({ nats }) => nats.cores.toFixed(2)),
  ]
}

/** As Markdown: lines without an end of line. */
export function toMarkdown(table: readonly (readonly string[])[]): string[] {
  const columns = Math.max(...table.map((cells) => cells.length))
  const head = Array.from({ length: columns }, (_, index) => (index === 0 ? ' |' : '---:|')).slice(1)
  return [
    `| |${' |'.repeat(columns - 1)}`,
    `|---|${head.join('')}`,
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
  ]
}

function twoDigits(value: number): number {
  return Number(value.toPrecision(2))
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return `${twoDigits(value / 1000 ** power)} ${units[power] ?? ''}`
}
