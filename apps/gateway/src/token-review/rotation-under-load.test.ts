import { performance } from 'node:perf_hooks'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { createServiceAccountFolder } from '@postern/testing/service-account-folder'
import { afterEach, expect, it } from 'vitest'
import { ApiServerConnection } from '../api-server/api-server-connection.ts'
import { ServiceAccountFolder } from '../api-server/service-account-folder.ts'
import { answer, authenticatedReview, startOddApiServer, type OddApiServer } from '../test/odd-api-server.ts'
import { createReviewToken } from './create-review-token.ts'
import { createKubernetesTokenReview } from './kubernetes-token-review.ts'
import type { ReviewResult, ReviewToken } from './review-token.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

interface World {
  server: OddApiServer
  folder: Awaited<ReturnType<typeof createServiceAccountFolder>>
  reviewToken: ReviewToken
}

async function start(): Promise<World> {
  const server = await startOddApiServer()
  closing.push(() => server.close())
  const folder = await createServiceAccountFolder({
    cluster: { caCert: server.authority.certificate, mintToken: async () => 'reviewer-0' },
    namespace: 'postern',
    name: 'postern-gateway',
  })
  closing.push(() => folder.close())
  const now = (): number => performance.now()
  const account = new ServiceAccountFolder({ path: folder.path, now, onUnreadable: () => undefined })
  const connection = new ApiServerConnection({ url: server.url, account, now })
  closing.push(() => connection.close(0))
  return { server, folder, reviewToken: createReviewToken(createKubernetesTokenReview(connection)) }
}

/** Reviews without a pause, sixteen at a time, until `rotate` has ended. */
async function reviewDuring(
  reviewToken: ReviewToken,
  rotate: (untilReviewed: () => Promise<unknown>) => Promise<void>,
): Promise<{ results: ReviewResult[]; failures: string[] }> {
  const results: ReviewResult[] = []
  const rotating = { isOver: false }
  const untilReviewed = async (): Promise<void> => {
    const before = results.length
    await expect.poll(() => results.length, { timeout: 10_000 }).toBeGreaterThan(before + 64)
  }
  const callers = Array.from({ length: 16 }, async (_, caller) => {
    for (let call = 0; !rotating.isOver; call += 1) {
      results.push(await reviewToken({ token: `${caller}-${call}`, audiences: ['a'], deadlineMs: 10_000 }))
    }
  })
  await rotate(untilReviewed).finally(() => {
    rotating.isOver = true
  })
  await Promise.all(callers)
  const failures = results.flatMap((result) => (result.kind === 'failed' ? [result.detail] : []))
  return { results, failures }
}

/** As an API server that has dropped its old signing key. */
function takeOnly(server: OddApiServer, token: string): void {
  server.behave((request, response) => {
    const isTaken = request.authorization === `Bearer ${token}`
    answer(isTaken ? 201 : 401, authenticatedReview)(request, response)
  })
}

it('T51, P24: no review fails while the token of the account is replaced, and the old one refused at once', async () => {
  const { server, folder, reviewToken } = await start()
  const { results, failures } = await reviewDuring(reviewToken, async (untilReviewed) => {
    for (let round = 1; round <= 10; round += 1) {
      await untilReviewed()
      await folder.rotate({ token: `reviewer-${round}` })
      takeOnly(server, `reviewer-${round}`)
    }
    await untilReviewed()
  })
  expect(failures).toEqual([])
  expect(results.length).toBeGreaterThan(300)
})

it('T51, P24: no review fails while token and authority are replaced and every connection is dropped', async () => {
  const { server, folder, reviewToken } = await start()
  const { results, failures } = await reviewDuring(reviewToken, async (untilReviewed) => {
    let { authority } = server
    for (let round = 1; round <= 5; round += 1) {
      const next = await createCertificateAuthority(`authority ${round}`)
      await untilReviewed()
      // The bundle holds both for as long as either may serve. Source: Kubernetes docs, "Manual rotation of CA certificates".
      const caCert = `${authority.certificate}\n${next.certificate}`
      await folder.rotate({ token: `reviewer-${round}`, caCert })
      await server.changeAuthority(next)
      authority = next
      takeOnly(server, `reviewer-${round}`)
      server.dropConnections()
    }
    await untilReviewed()
  })
  expect(failures).toEqual([])
  expect(results.length).toBeGreaterThan(300)
})
