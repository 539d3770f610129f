import type { TunnelStanding } from './tunnel-standing.ts'

export interface ChoiceRules {
  now: number
  /** From 0 to 1, without 1. */
  random: () => number
}

/**
 * The tunnel for the next asking of a review: of those in good standing, preferably of a gateway that this review has not
 * asked yet, the cheaper of two drawn at random (power of two choices). This replica's own are preferred to those of
 * others, as far as `costFactor` goes.
 * @param tried what this review is not sent on any more
 */
export function chooseTunnel(
  candidates: readonly TunnelStanding[],
  tried: readonly TunnelStanding[],
  rules: ChoiceRules,
): TunnelStanding | undefined {
  if (tried.length === 0 && candidates.every((one) => !one.isOut && !one.isDoubtful(rules.now)))
    return cheapest(candidates, rules)
  const excluded = excludedOf(candidates)
  const untried = candidates.filter((one) => !tried.includes(one))
  let left = preferred(untried, (one) => !excluded.has(one) && !excluded.has(one.process))
  left = preferred(left, ({ process }) => !tried.some((one) => one.process === process))
  left = preferred(left, ({ process }) => !tried.some((one) => one.process.gatewayId === process.gatewayId))
  left = preferred(left, (one) => !one.isDoubtful(rules.now))
  return cheapest(left, rules)
}

/** Whether all that a review has not tried yet are left out. */
export function areOthersOut(
  candidates: readonly TunnelStanding[],
  tried: readonly TunnelStanding[],
): boolean {
  const excluded = excludedOf(candidates)
  return candidates.every((one) => excluded.has(one) || excluded.has(one.process) || tried.includes(one))
}

/** One that is in question or has been out for its time, and that nobody tries yet. */
export function chooseCanary(
  candidates: readonly TunnelStanding[],
  now: number,
  chosen?: TunnelStanding,
): TunnelStanding | undefined {
  const due = candidates.filter((one) => one !== chosen && isDueForCanary(one, now))
  return due.length < 2 ? due[0] : due.toSorted(byNeedOfCanary)[0]
}

function isDueForCanary({ ejection, process }: TunnelStanding, now: number): boolean {
  const { isOut, isInQuestion, hasCanary } = process.ejection
  if (isOut || isInQuestion) return process.ejection.isDueForCanary(now)
  return !hasCanary && ejection.isDueForCanary(now)
}

/**
 * Those that are out come first, and then in turns, so that one that stays bad keeps none from coming back. Of a process
 * the tunnel that nothing speaks against: a dead one says nothing of its process.
 */
function byNeedOfCanary(one: TunnelStanding, other: TunnelStanding): number {
  return (
    Number(isOutItself(other)) - Number(isOutItself(one)) ||
    one.process.ejection.canaryAt - other.process.ejection.canaryAt ||
    doubtsOf(one) - doubtsOf(other)
  )
}

/** Of what a canary tries: the process, or the tunnel where nothing is wrong with that. */
function isOutItself({ ejection, process }: TunnelStanding): boolean {
  return process.ejection.isInQuestion ? false : process.ejection.isOut || ejection.isOut
}

function doubtsOf({ ejection, tunnel }: TunnelStanding): number {
  return Number(ejection.isOut || ejection.isInQuestion) + Number(tunnel.isSuspect)
}

/** Whether one more process may be ejected: never more than half of a pool. */
export function mayEjectProcess(candidates: readonly TunnelStanding[]): boolean {
  const processes = [...new Set(candidates.map(({ process }) => process))]
  const out = processes.filter(({ ejection }) => ejection.isOut)
  return out.length + 1 <= Math.floor(processes.length / 2)
}

/** Whether one more tunnel of this one's process may be ejected: never more than half of them. */
export function mayEjectTunnel(candidates: readonly TunnelStanding[], standing: TunnelStanding): boolean {
  const siblings = candidates.filter(({ process }) => process === standing.process)
  const out = siblings.filter(({ ejection }) => ejection.isOut)
  return out.length + 1 <= Math.floor(siblings.length / 2)
}

type Ejectable = TunnelStanding | TunnelStanding['process']

/** Processes, and tunnels of processes, that are left out now. */
function excludedOf(candidates: readonly TunnelStanding[]): ReadonlySet<Ejectable> {
  const tunnels = Map.groupBy(candidates, ({ process }) => process)
  const excluded = new Set<Ejectable>(atMostHalf([...tunnels.keys()]))
  for (const siblings of tunnels.values()) for (const one of atMostHalf(siblings)) excluded.add(one)
  return excluded
}

/**
 * Members go and ejected ones stay, so the limit of an ejection is not enough: those that are out longest are left out,
 * at most half; if all are out, none.
 */
function atMostHalf<One extends Ejectable>(all: readonly One[]): readonly One[] {
  const out = all.filter(({ ejection }) => ejection.isOut)
  if (out.length === all.length) return []
  return out
    .toSorted((one, other) => other.ejection.outUntil - one.ejection.outUntil)
    .slice(0, Math.floor(all.length / 2))
}

/** Those that satisfy it, or all where none does. */
function preferred(
  all: readonly TunnelStanding[],
  isBetter: (one: TunnelStanding) => boolean,
): readonly TunnelStanding[] {
  const better = all.filter(isBetter)
  return better.length === 0 ? all : better
}

function cheapest(candidates: readonly TunnelStanding[], rules: ChoiceRules): TunnelStanding | undefined {
  if (!candidates.some(isRemote)) return cheaperOfTwo(candidates, rules)
  const local = cheaperOfTwo(
    candidates.filter((one) => !isRemote(one)),
    rules,
  )
  const remote = cheaperOfTwo(candidates.filter(isRemote), rules)
  if (local === undefined || remote === undefined) return local ?? remote
  return isWorthTheHop(remote, local, rules.now) ? remote : local
}

function isRemote({ tunnel }: TunnelStanding): boolean {
  return tunnel.costFactor !== undefined && tunnel.costFactor > 1
}

/** Where either was never asked, only what is in flight counts. */
function isWorthTheHop(remote: TunnelStanding, local: TunnelStanding, now: number): boolean {
  const [cost, localCost] = [remote.cost(now), local.cost(now)]
  if (cost !== undefined && localCost !== undefined) return cost < localCost
  return (remote.load + 1) * (remote.tunnel.costFactor ?? 1) < local.load + 1
}

function cheaperOfTwo(
  candidates: readonly TunnelStanding[],
  { now, random }: ChoiceRules,
): TunnelStanding | undefined {
  const count = candidates.length
  if (count < 2) return candidates[0]
  const first = Math.floor(random() * count)
  // Of the others, so that the two differ.
  const second = (first + 1 + Math.floor(random() * (count - 1))) % count
  const [one, other] = [candidates[first], candidates[second]]
  if (one === undefined || other === undefined) return one ?? other
  return isCheaper(other, one, now) ? other : one
}

/** One that was never asked has no latency: then only what is in flight counts. */
function isCheaper(one: TunnelStanding, other: TunnelStanding, now: number): boolean {
  const [cost, otherCost] = [one.cost(now), other.cost(now)]
  if (cost === undefined || otherCost === undefined || cost === otherCost)
    return one.load === other.load ? one.tunnel.inFlight < other.tunnel.inFlight : one.load < other.load
  return cost < otherCost
}
