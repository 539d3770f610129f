import { constants, setPriority } from 'node:os'

/**
 * Has this process go before the others of the machine: a network does not stand still while the computers at its ends
 * are busy. Only who may (root) has that; for anybody else it stays as it is, and figures have the relay's own waits in
 * them.
 * @returns whether it does
 */
export function goFirst(set: (priority: number) => void = setPriority): boolean {
  try {
    set(constants.priority.PRIORITY_HIGHEST)
    return true
  } catch (error) {
    const cause = error instanceof Error && 'info' in error ? error.info : undefined
    if (isRefusal(cause)) return false
    throw error
  }
}

/** Source: Node's docs, `os.setPriority` throws a SystemError. */
function isRefusal(cause: unknown): boolean {
  return (
    typeof cause === 'object' &&
    cause !== null &&
    'code' in cause &&
    (cause.code === 'EACCES' || cause.code === 'EPERM')
  )
}
