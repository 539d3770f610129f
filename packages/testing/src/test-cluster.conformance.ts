import { afterAll, beforeAll, describe } from 'vitest'
import {
  askingForRights,
  readingReviewRequests,
  reviewersRights,
  versionAndIssuer,
} from './conformance/reviewers.conformance.ts'
import { changingSecrets, secretRights } from './conformance/secrets.conformance.ts'
import {
  mintingTokens,
  refusingTokens,
  reviewingTokens,
  spellingsOfTokens,
} from './conformance/tokens.conformance.ts'
import type { TestCluster } from './test-cluster.ts'

const startWithinMs = 60_000

/**
 * What logins rely on in a Kubernetes API, held by a real kube-apiserver and by the stand-in alike: status codes and
 * the shapes of answers; the wording of errors is nobody's contract.
 */
export function testClusterConformance(name: string, start: () => Promise<TestCluster>): void {
  describe(`${name} as a Kubernetes API`, () => {
    let cluster: TestCluster
    const the = (): TestCluster => cluster

    beforeAll(async () => {
      cluster = await start()
      await cluster.createServiceAccount('shop', 'web')
      await cluster.createServiceAccount('shop', 'reviewer')
      await cluster.grantTokenReview('shop', 'reviewer')
    }, startWithinMs)
    afterAll(async () => cluster.close(), startWithinMs)

    describe('minting tokens', () => {
      mintingTokens(the)
    })
    describe('reviewing a token', () => {
      reviewingTokens(the)
    })
    describe('refusing a token', () => {
      refusingTokens(the)
    })
    describe('the spelling of a token', () => {
      spellingsOfTokens(the)
    })
    describe('the right to review', () => {
      reviewersRights(the)
    })
    describe('reading a review request', () => {
      readingReviewRequests(the)
    })
    describe('the Secret of a service account', () => {
      secretRights(the)
    })
    describe('changing a Secret', () => {
      changingSecrets(the)
    })
    describe('asking for rights', () => {
      askingForRights(the)
    })
    describe('version and issuer', () => {
      versionAndIssuer(the)
    })
  })
}
