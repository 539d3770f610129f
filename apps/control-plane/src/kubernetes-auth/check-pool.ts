import { ApiError } from '../http/api-error.ts'

/** A pool as it is tried before a configuration that names it is saved. */
export interface PoolToCheck {
  name: string
  members: readonly PoolMemberToCheck[]
}

export interface PoolMemberToCheck {
  gatewayId: string
  gatewayName: string
  isRevoked: boolean
  /** Why no login will ask it although it is connected, such as another cluster. */
  keptOut: string | undefined
}

/** A member that says nothing against the change, nor for it. */
export interface PassedOver {
  gatewayId: string
  gatewayName: string
  reason: 'gateway-unavailable' | 'deadline-exceeded'
  /** What to do, for people. */
  message: string
}

/** What came of one member; all of them are in the refusal's details. */
type MemberResult = { gatewayId: string; gatewayName: string } & (
  | { outcome: 'accepted'; reason: null; message: null }
  | { outcome: 'failed'; reason: string | null; message: string }
  | ({ outcome: 'not-connected' | 'not-tried' } & PassedOver)
)

export interface PoolCheck {
  /** Throws ApiErrors with a reason in their details. `budgetMs`: what it may take. */
  checkMember: (member: PoolMemberToCheck, budgetMs: number) => Promise<void>
  /** Milliseconds from any fixed moment. */
  nowMs: () => number
  /** For the whole pool, in milliseconds. */
  budgetMs: number
}

/** Members of a large pool take turns: whoever may save must not make a crowd of calls by it. */
const atOnceMax = 16

/**
 * Asks every member. One that answers and cannot review would fail logins, now or when it is the last that is left: it
 * refuses the change. One that is not connected says nothing of itself, and keeping a pool usable while one is away is
 * what a pool is for: it is passed over, unless nobody is left. So is one whose turn did not come within half of the time.
 * @returns who was passed over
 */
export async function checkPool(pool: PoolToCheck, check: PoolCheck): Promise<PassedOver[]> {
  const members = await askInTurns(pool.members, check)
  const failed = members.filter(({ outcome }) => outcome === 'failed')
  const [first] = failed
  if (first !== undefined) {
    throw new ApiError(
      'BadRequest',
      `${failed.length} of the ${members.length} gateways of the pool "${pool.name}" cannot review. ${textOf(failed)}`,
      { details: { reason: first.reason, members } },
    )
  }
  if (members.some(({ outcome }) => outcome === 'accepted')) return members.flatMap(passedOverOf)
  throw new ApiError(
    'BadRequest',
    members.length === 0
      ? `The pool "${pool.name}" has no gateway: add one to it`
      : `No gateway of the pool "${pool.name}" is healthy. ${textOf(members)}`,
    { details: { reason: 'gateway-unavailable', members } },
  )
}

async function askInTurns(
  members: readonly PoolMemberToCheck[],
  { checkMember, nowMs, budgetMs }: PoolCheck,
): Promise<MemberResult[]> {
  const deadlineAt = nowMs() + budgetMs
  const results: MemberResult[] = []
  const turns = members.entries()
  async function takeTurns(): Promise<void> {
    for (const [index, member] of turns)
      results[index] = await resultOf(member, deadlineAt - nowMs(), budgetMs, checkMember)
  }
  await Promise.all(Array.from({ length: atOnceMax }, takeTurns))
  return results
}

async function resultOf(
  member: PoolMemberToCheck,
  remainingMs: number,
  budgetMs: number,
  checkMember: PoolCheck['checkMember'],
): Promise<MemberResult> {
  const { gatewayId, gatewayName, isRevoked, keptOut } = member
  const named = { gatewayId, gatewayName }
  if (isRevoked) {
    const message = `The gateway ${gatewayName} is revoked: enrol it again, or remove it from the pool`
    return { ...named, outcome: 'not-connected', reason: 'gateway-unavailable', message }
  }
  if (keptOut !== undefined) {
    const message = `The gateway ${gatewayName} is kept out of the pool. ${keptOut}`
    return { ...named, outcome: 'failed', reason: 'cluster-mismatched', message }
  }
  // What it would fail by, with less, may be the hurry.
  if (remainingMs <= budgetMs / 2) {
    const message = `The gateway ${gatewayName} was not tried: others of the pool took all the time`
    return { ...named, outcome: 'not-tried', reason: 'deadline-exceeded', message }
  }
  try {
    await checkMember(member, remainingMs)
    return { ...named, outcome: 'accepted', reason: null, message: null }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const reason = reasonOf(error)
    const { message } = error
    return reason === 'gateway-unavailable'
      ? { ...named, outcome: 'not-connected', reason, message }
      : { ...named, outcome: 'failed', reason, message }
  }
}

function passedOverOf(result: MemberResult): PassedOver[] {
  if (result.outcome === 'accepted' || result.outcome === 'failed') return []
  const { gatewayId, gatewayName, reason, message } = result
  return [{ gatewayId, gatewayName, reason, message }]
}

function reasonOf({ details }: ApiError): string | null {
  if (typeof details !== 'object' || details === null || !('reason' in details)) return null
  return typeof details.reason === 'string' ? details.reason : null
}

const namedMax = 5

function textOf(members: readonly MemberResult[]): string {
  const shown = members.slice(0, namedMax).map(({ message }) => message)
  const rest = members.length - shown.length
  return shown.join('. ') + (rest > 0 ? `. And ${rest} more, see the details` : '')
}
