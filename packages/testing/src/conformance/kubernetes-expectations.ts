import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { isJsonObject } from '../json-at.ts'
import type { KubernetesAnswer } from '../kubernetes-request.ts'
import type { TestCluster } from '../test-cluster.ts'

/** The cluster under test, once it has started: it has accounts `web` and `reviewer` in namespace `shop`. */
export type The = () => TestCluster

export const tokenReviews = '/apis/authentication.k8s.io/v1/tokenreviews'

export async function review(
  cluster: TestCluster,
  spec: unknown,
  bearer = cluster.adminToken,
): Promise<KubernetesAnswer> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec }
  return cluster.send({ method: 'POST', path: tokenReviews, token: bearer, body })
}

/** Matches an answer that is a `Status`; with `details`, exactly these. */
export function aStatus(code: number, reason: string, details?: object): object {
  const exactly = expect.toSatisfy((value: unknown) => isDeepStrictEqual(value, details))
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: expect.stringMatching(/./),
    reason,
    code,
  }
  return {
    status: code,
    headers: { 'content-type': expect.stringContaining('application/json') },
    json: details === undefined ? status : { ...status, details: exactly },
  }
}

/** Matches a review that vouches for nobody: no `authenticated`, no name, an error. */
export function aRefusedToken(): object {
  const status = expect.toSatisfy(
    (value: unknown) =>
      isJsonObject(value) &&
      isDeepStrictEqual({ ...value, error: '' }, { user: {}, error: '' }) &&
      Boolean(value['error']),
  )
  return { status: 201, json: { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', status } }
}

export function payloadOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
}
