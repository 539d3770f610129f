import { jsonAt } from './json-at.ts'
import type { KubernetesAnswer, KubernetesRequest, SendKubernetesRequest } from './kubernetes-request.ts'

/** Requests of an administrator, whose failures are the test's failures. */
export interface Administrator {
  /** Sends, and takes `accepted` for success beside 200 and 201 (409: it exists; 404: it is gone). */
  readonly change: (request: KubernetesRequest, accepted?: number) => Promise<KubernetesAnswer>
  /** Creates the object in the collection at `path`, unless it exists. */
  readonly create: (path: string, body: object) => Promise<void>
}

const changeInForceMs = 10_000

export function createAdministrator(send: SendKubernetesRequest, adminToken: string): Administrator {
  async function change(request: KubernetesRequest, accepted?: number): Promise<KubernetesAnswer> {
    const answer = await send({ token: adminToken, ...request })
    if (answer.status === 200 || answer.status === 201 || answer.status === accepted) return answer
    const message = jsonAt(answer.json, 'message')
    const why = typeof message === 'string' ? message : 'without a message'
    throw new Error(`${request.method ?? 'GET'} ${request.path} answered ${answer.status}: ${why}`)
  }
  return {
    change,
    async create(path, body) {
      await change({ method: 'POST', path, body }, 409)
    },
  }
}

/** Waits until `check` holds: an API server's caches follow its store within milliseconds, seldom seconds. */
export async function waitUntilInForce(
  what: string,
  check: (attempt: number) => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + changeInForceMs
  for (let attempt = 0; !(await check(attempt)); attempt++) {
    if (performance.now() > deadline) throw new Error(`${what} is not in force after ${changeInForceMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
