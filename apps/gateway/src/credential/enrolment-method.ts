import { readFile } from 'node:fs/promises'
import type { Enrol } from './enrol.ts'
import { fingerprintOf } from './gateway-key.ts'

/** What a gateway shows to be let in, and what its operator has to do when that does not do. */
export interface EnrolmentMethod {
  enrol: Enrol
  /** What is shown. Undefined: none is configured. Rejects with `EnrolmentTokenUnreadable`. */
  readToken: () => Promise<string | undefined>
  /** Tells for what a key was made: one that was made for something else is not presented. */
  fingerprintOf: (token: string) => string
  /** The token is spent with the first credential, and of no use beside one. */
  isSingleUse: boolean
  remedies: {
    missing: string
    refused: (reason: string) => string
  }
}

export class EnrolmentTokenUnreadable extends Error {
  override name = 'EnrolmentTokenUnreadable'
}

const newTokenRemedy =
  'create a new enrolment token for this gateway (console: Gateways; API: POST /api/v3/gateways/<id>/token-auth/generate-enrollment-token), it is good for one hour, and set it as POSTERN_ENROLMENT_TOKEN or in POSTERN_ENROLMENT_TOKEN_FILE'

/** By a single-use enrolment token. */
export function createTokenEnrolment(
  enrol: Enrol,
  readToken: () => Promise<string | undefined>,
): EnrolmentMethod {
  return {
    enrol,
    readToken,
    fingerprintOf,
    isSingleUse: true,
    remedies: {
      missing: newTokenRemedy,
      refused: (reason) =>
        `the control plane refused the enrolment token: it is unknown, used, expired or superseded (${reason}); ${newTokenRemedy}`,
    },
  }
}

/** By the pod's own token, for which another gateway or a Kubernetes host vouches. The token changes; the gateway stays. */
export function createPodTokenEnrolment(
  enrol: Enrol,
  { gatewayId, tokenFile }: { gatewayId: string; tokenFile: string },
): EnrolmentMethod {
  const mount =
    'mount a serviceAccountToken volume there, with the audience that the gateway of this id allows (deploy/kubernetes/gateway-by-pod-token.yaml has one)'
  return {
    enrol,
    readToken: async () => {
      const token = (await readTokenFile(tokenFile)).trim()
      if (podToken.test(token)) return token
      throw new EnrolmentTokenUnreadable(
        `POSTERN_ENROL_TOKEN_FILE: ${tokenFile} holds no token of a service account: ${mount}`,
      )
    },
    fingerprintOf: () => fingerprintOf(`kubernetes:${gatewayId}`),
    isSingleUse: false,
    remedies: {
      missing: mount,
      refused: (reason) =>
        `the control plane does not let this pod be the gateway of POSTERN_GATEWAY_ID (${reason}): check that id, the audience of the token, and that the authentication of the gateway allows the namespace and name of this service account; the audit log has the reason`,
    },
  }
}

/** A JWT (RFC 7515 §3.1), no longer than the control plane takes. */
const podToken = /^(?=.{1,8192}$)[\w-]+\.[\w-]+\.[\w-]+$/

async function readTokenFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new EnrolmentTokenUnreadable(
      `POSTERN_ENROL_TOKEN_FILE: ${path} cannot be read (${code}): mount the pod's token there`,
    )
  }
}
