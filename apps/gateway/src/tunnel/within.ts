/** Resolves with the promise, or after that many milliseconds; leaves no timer behind. */
export async function within(ms: number, promise: Promise<unknown>): Promise<'done' | 'overdue'> {
  const { promise: overdue, resolve } = Promise.withResolvers<'overdue'>()
  const timer = setTimeout(resolve, ms, 'overdue')
  try {
    return await Promise.race([promise.then(() => 'done' as const), overdue])
  } finally {
    clearTimeout(timer)
  }
}
