import { isJsonObject, jsonAt, type JsonObject } from '../json-at.ts'
import { signServiceAccountToken } from '../service-account-token.ts'
import { authenticateAuthorization } from './authenticate-authorization.ts'
import type { User } from './authenticate-token.ts'
import { isAllowed } from './authorize.ts'
import { readBody } from './read-body.ts'
import { jsonReply, methodNotAllowed, notServed, refusal, type Reply } from './reply.ts'
import type { RequestTarget, ResourceTarget } from './request-target.ts'
import type { AuthorizedRequest, StandInState } from './stand-in-state.ts'

const authentication = 'authentication.k8s.io/v1'
const metadata = { creationTimestamp: null }

/** TokenReview: whose token is it, and is it for one of these audiences. The request is echoed, token and all. */
export function answerTokenReview(request: AuthorizedRequest, state: StandInState): Reply {
  if (request.method !== 'POST') return methodNotAllowed()
  const read = readBody(request, 'TokenReview')
  if ('refused' in read) return read.refused
  const spec = isJsonObject(read.object['spec']) ? read.object['spec'] : {}
  const audiences = readAudiences(spec)
  if (audiences === undefined) return malformed('TokenReview', 'spec.audiences')
  const token = spec['token'] ?? ''
  if (typeof token !== 'string') return malformed('TokenReview', 'spec.token')
  if (token === '') return refusal('BadRequest', 'token is required for TokenReview in authentication')
  const asked = audiences.length === 0 ? state.audiences : audiences
  const answer = authenticateAuthorization(`Bearer ${token}`, asked, state.authenticateToken)
  // A refusal has no field `authenticated` at all: Kubernetes leaves out what is false.
  const status =
    answer.kind === 'authenticated'
      ? { authenticated: true, user: answer.user, audiences: answer.audiences }
      : { user: {}, error: answer.error }
  const echoed = { token, ...(audiences.length === 0 ? {} : { audiences }) }
  return jsonReply(201, { kind: 'TokenReview', apiVersion: authentication, metadata, spec: echoed, status })
}

/** TokenRequest: a token for the account that the path names. */
export function answerTokenRequest(
  request: AuthorizedRequest,
  target: ResourceTarget,
  state: StandInState,
): Reply {
  const read = readBody(request, 'TokenRequest')
  if ('refused' in read) return read.refused
  const { namespace = '', name = '' } = target
  const account = state.objects.get({ group: '', resource: 'serviceaccounts', namespace }, name)
  if (account === undefined) {
    return refusal('NotFound', `serviceaccounts ${JSON.stringify(name)} not found`, {
      name,
      kind: 'serviceaccounts',
    })
  }
  const spec = isJsonObject(read.object['spec']) ? read.object['spec'] : {}
  const asked = readAudiences(spec)
  const expirationSeconds = spec['expirationSeconds'] ?? 3600
  if (asked === undefined) return malformed('TokenRequest', 'spec.audiences')
  if (typeof expirationSeconds !== 'number') return malformed('TokenRequest', 'spec.expirationSeconds')
  if (expirationSeconds < 600) {
    const message = `TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: ${expirationSeconds}: may not specify a duration less than 10 minutes`
    return refusal('Invalid', message, { group: 'authentication.k8s.io', kind: 'TokenRequest' })
  }
  const audiences = asked.length === 0 ? state.audiences : asked
  const issuedAt = Math.floor(Date.now() / 1000)
  const expiresAt = issuedAt + expirationSeconds
  const { issuer, serviceAccountKey } = state
  const claims = { issuer, audiences, namespace, name, uid: account.metadata.uid, issuedAt, expiresAt }
  const token = signServiceAccountToken(serviceAccountKey, claims)
  const expirationTimestamp = new Date(expiresAt * 1000).toISOString().replace('.000', '')
  const answered = { audiences, expirationSeconds, boundObjectRef: null }
  const status = { token, expirationTimestamp }
  return jsonReply(201, {
    kind: 'TokenRequest',
    apiVersion: authentication,
    metadata,
    spec: answered,
    status,
  })
}

/** SubjectAccessReview and SelfSubjectAccessReview: may this user, or may I. */
export function answerAccessReview(
  request: AuthorizedRequest,
  target: ResourceTarget,
  state: StandInState,
): Reply {
  if (request.method !== 'POST') return methodNotAllowed()
  const ownRights = target.resource === 'selfsubjectaccessreviews'
  if (!ownRights && target.resource !== 'subjectaccessreviews') return notServed()
  const kind = ownRights ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
  const read = readBody(request, kind)
  if ('refused' in read) return read.refused
  const spec = isJsonObject(read.object['spec']) ? read.object['spec'] : {}
  const subject = ownRights ? request.user : readUser(spec)
  const asked = readAttributes(spec)
  if (asked === undefined) {
    return refusal('Invalid', `${kind}.authorization.k8s.io "" is invalid: spec.resourceAttributes`, { kind })
  }
  const status = { allowed: isAllowed(subject, asked, state.objects) }
  return jsonReply(201, { kind, apiVersion: 'authorization.k8s.io/v1', metadata, spec, status })
}

function malformed(kind: string, field: string): Reply {
  return refusal('BadRequest', `${kind} in version "v1" cannot be handled as a ${kind}: ${field}`)
}

/** The asked audiences, none when left out, undefined when they are no list of texts. */
function readAudiences(spec: JsonObject): readonly string[] | undefined {
  const audiences = spec['audiences'] ?? []
  return Array.isArray(audiences) && audiences.every((entry) => typeof entry === 'string')
    ? audiences
    : undefined
}

function readUser(spec: JsonObject): User {
  const username = typeof spec['user'] === 'string' ? spec['user'] : ''
  const groups = Array.isArray(spec['groups'])
    ? spec['groups'].filter((entry) => typeof entry === 'string')
    : []
  return { username, groups }
}

function readAttributes(spec: JsonObject): RequestTarget | undefined {
  const text = (attributes: unknown, key: string): string => {
    const value = jsonAt(attributes, key)
    return typeof value === 'string' ? value : ''
  }
  const onPath = spec['nonResourceAttributes']
  if (isJsonObject(onPath)) return { verb: text(onPath, 'verb'), path: text(onPath, 'path') }
  const attributes = spec['resourceAttributes']
  if (!isJsonObject(attributes)) return undefined
  const optional = (key: string) => (text(attributes, key) === '' ? {} : { [key]: text(attributes, key) })
  return {
    verb: text(attributes, 'verb'),
    group: text(attributes, 'group'),
    resource: text(attributes, 'resource'),
    ...optional('subresource'),
    ...optional('namespace'),
    ...optional('name'),
  }
}
