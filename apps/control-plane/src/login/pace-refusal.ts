/** Longer than a read of the database and a commit together, shorter than anybody minds. */
const stepMs = 25

/**
 * Waits until the next full step since the login began. Refusals made without a review all end on a step, so that how
 * long one took does not tell whether the identity exists (T29). That a review took place can still be told by time:
 * it takes as long as the cluster takes.
 */
export async function paceRefusal(elapsedMs: number, sleep: (ms: number) => Promise<void>): Promise<void> {
  await sleep(stepMs - (elapsedMs % stepMs))
}
