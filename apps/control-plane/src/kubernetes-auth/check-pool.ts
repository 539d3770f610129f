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

/** What came of one member; all of them are in the refusal's details. */
interface MemberResult {
  gatewayId: string
  gatewayName: string
  outcome: 'accepted' | 'failed' | 'not-connected'
  reason: string | null
  message: string | null
}

/**
 * Asks every member, all at once. One that answers and cannot review would fail logins, now or when it is the last that
 * is left: it refuses the change. One that is not connected says nothing of itself, and keeping a pool usable while one
 * is away is what a pool is for: it is passed over, unless nobody is left.
 * @param checkMember throws ApiErrors with a reason in their details
 */
export async function checkPool(
  pool: PoolToCheck,
  checkMember: (member: PoolMemberToCheck) => Promise<void>,
): Promise<void> {
  const members = await Promise.all(pool.members.map((member) => resultOf(member, checkMember)))
  const failed = members.filter(({ outcome }) => outcome === 'failed')
  const [first] = failed
  if (first !== undefined) {
    throw new ApiError(
      'BadRequest',
      `${failed.length} of the ${members.length} gateways of the pool "${pool.name}" cannot review. ${textOf(failed)}`,
      { details: { reason: first.reason, members } },
    )
  }
  if (members.some(({ outcome }) => outcome === 'accepted')) return
  throw new ApiError(
    'BadRequest',
    members.length === 0
      ? `The pool "${pool.name}" has no gateway: add one to it`
      : `No gateway of the pool "${pool.name}" is healthy. ${textOf(members)}`,
    { details: { reason: 'gateway-unavailable', members } },
  )
}

async function resultOf(
  member: PoolMemberToCheck,
  checkMember: (member: PoolMemberToCheck) => Promise<void>,
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
  try {
    await checkMember(member)
    return { ...named, outcome: 'accepted', reason: null, message: null }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const reason = reasonOf(error)
    const outcome = reason === 'gateway-unavailable' ? 'not-connected' : 'failed'
    return { ...named, outcome, reason, message: error.message }
  }
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
