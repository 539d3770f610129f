import { jsonAt, textsAt } from '../json-at.ts'
import type { User } from './authenticate-token.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import type { RequestTarget, ResourceTarget } from './request-target.ts'
import { refusal, type Reply } from './reply.ts'

const group = 'rbac.authorization.k8s.io'

/** What the API server's bootstrap policy lets everybody do whom it names. */
const publicPaths = new Set(['/version', '/healthz', '/livez', '/readyz'])
const issuerDiscoveryPaths = new Set(['/.well-known/openid-configuration', '/openid/v1/jwks'])

/** The cluster roles of the bootstrap policy that tests bind. */
export function createBootstrapRoles(objects: ObjectStore): void {
  const delegated = [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ]
  objects.create({ group, resource: 'clusterroles' }, 'system:auth-delegator', { rules: delegated })
}

/** Role-based access control over the stored roles and bindings, for subjects of kind ServiceAccount. */
export function isAllowed(user: User, target: RequestTarget, objects: ObjectStore): boolean {
  if (user.groups.includes('system:masters')) return true
  if ('path' in target) {
    if (target.verb !== 'get') return false
    if (publicPaths.has(target.path)) return true
    return issuerDiscoveryPaths.has(target.path) && user.groups.includes('system:serviceaccounts')
  }
  if (target.resource === 'selfsubjectaccessreviews' && target.verb === 'create') {
    return user.groups.includes('system:authenticated')
  }
  return rulesOf(user, target.namespace, objects).some((rule) => covers(rule, target))
}

/** The 403 that names who may not do what. */
export function forbidden(user: User, target: RequestTarget): Reply {
  const who = `User ${JSON.stringify(user.username)} cannot ${target.verb}`
  if ('path' in target)
    return refusal('Forbidden', `forbidden: ${who} path ${JSON.stringify(target.path)}`, {})
  const { name, resource, subresource, namespace } = target
  const what = subresource === undefined ? resource : `${resource}/${subresource}`
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`
  const subject = name === undefined ? resource : `${resource} ${JSON.stringify(name)}`
  const message = `${subject} is forbidden: ${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(target.group)} ${where}`
  return refusal(
    'Forbidden',
    subject === resource ? message.replace(resource, qualified(target)) : message,
    detailsOf(target),
  )
}

/** `details` of a Status: which kind of object, and which one. */
export function detailsOf({ name, group, resource }: ResourceTarget): object {
  return { ...(name === undefined ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource }
}

function qualified(target: ResourceTarget): string {
  return target.group === '' ? target.resource : `${target.resource}.${target.group}`
}

function rulesOf(user: User, namespace: string | undefined, objects: ObjectStore): unknown[] {
  const clusterWide = objects.list({ group, resource: 'clusterrolebindings' })
  const inNamespace =
    namespace === undefined ? [] : objects.list({ group, resource: 'rolebindings', namespace })
  return [...clusterWide, ...inNamespace]
    .filter((binding) => binds(binding, user))
    .flatMap((binding) => {
      const name = String(jsonAt(binding, 'roleRef', 'name'))
      const ofCluster = jsonAt(binding, 'roleRef', 'kind') === 'ClusterRole' || namespace === undefined
      const collection = ofCluster
        ? { group, resource: 'clusterroles' }
        : { group, resource: 'roles', namespace }
      const rules = jsonAt(objects.get(collection, name), 'rules')
      return Array.isArray(rules) ? (rules as unknown[]) : []
    })
}

function binds(binding: StoredObject, user: User): boolean {
  const subjects = jsonAt(binding, 'subjects')
  if (!Array.isArray(subjects)) return false
  return subjects.some(
    (subject: unknown) =>
      jsonAt(subject, 'kind') === 'ServiceAccount' &&
      user.username ===
        `system:serviceaccount:${String(jsonAt(subject, 'namespace'))}:${String(jsonAt(subject, 'name'))}`,
  )
}

function covers(rule: unknown, target: ResourceTarget): boolean {
  const { subresource, resource, name } = target
  const names = textsAt(rule, 'resourceNames')
  const wanted = subresource === undefined ? resource : `${resource}/${subresource}`
  return (
    includes(textsAt(rule, 'verbs'), target.verb) &&
    includes(textsAt(rule, 'apiGroups'), target.group) &&
    includes(textsAt(rule, 'resources'), wanted) &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  )
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes(value) || list.includes('*')
}
