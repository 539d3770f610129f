/** Whether there is a process of this id. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch {
    // No such process.
    return false
  }
}
