/** What the promise resolves with, or undefined as soon as the signal fires; leaves no listener behind. */
export async function unlessStopped<Result>(
  stop: AbortSignal,
  promise: Promise<Result>,
): Promise<Result | undefined> {
  if (stop.aborted) return undefined
  const { promise: stopped, resolve } = Promise.withResolvers<undefined>()
  const onAbort = (): void => resolve(undefined)
  stop.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, stopped])
  } finally {
    stop.removeEventListener('abort', onAbort)
  }
}
