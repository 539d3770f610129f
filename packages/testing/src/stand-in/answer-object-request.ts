import { isJsonObject, jsonAt, type JsonObject } from '../json-at.ts'
import type { AuthorizedRequest } from './stand-in-state.ts'
import { detailsOf } from './authorize.ts'
import type { Collection, ObjectStore, StoredObject } from './object-store.ts'
import { applyPatch } from './patch-object.ts'
import { readBody } from './read-body.ts'
import { jsonReply, methodNotAllowed, notServed, refusal, type Reply } from './reply.ts'
import type { ResourceTarget } from './request-target.ts'

const rbac = 'rbac.authorization.k8s.io'

/** The kinds that the stand-in keeps. */
const kinds: Readonly<Record<string, { readonly kind: string; readonly namespaced: boolean }>> = {
  '/namespaces': { kind: 'Namespace', namespaced: false },
  '/serviceaccounts': { kind: 'ServiceAccount', namespaced: true },
  '/secrets': { kind: 'Secret', namespaced: true },
  [`${rbac}/clusterroles`]: { kind: 'ClusterRole', namespaced: false },
  [`${rbac}/clusterrolebindings`]: { kind: 'ClusterRoleBinding', namespaced: false },
  [`${rbac}/roles`]: { kind: 'Role', namespaced: true },
  [`${rbac}/rolebindings`]: { kind: 'RoleBinding', namespaced: true },
}

/** Creates, reads, patches and deletes stored objects, with the API server's refusals. */
export function answerObjectRequest(
  request: AuthorizedRequest,
  target: ResourceTarget,
  objects: ObjectStore,
): Reply {
  const { group, resource, verb, name, subresource } = target
  const known = kinds[`${group}/${resource}`]
  if (known === undefined || subresource !== undefined) return notServed()
  const namespace = known.namespaced ? target.namespace : undefined
  const collection = { group, resource, ...(namespace === undefined ? {} : { namespace }) }
  const apiVersion = group === '' ? 'v1' : `${group}/v1`
  const shown = (object: StoredObject): object => ({ kind: known.kind, apiVersion, ...object })
  if (name === undefined) {
    if (verb === 'create') return createObject(request, collection, known.kind, objects, shown)
    if (verb !== 'list') return methodNotAllowed()
    const items = objects.list(collection).map(shown)
    return jsonReply(200, {
      kind: `${known.kind}List`,
      apiVersion,
      metadata: { resourceVersion: '1' },
      items,
    })
  }
  const current = objects.get(collection, name)
  if (current === undefined) return notFound(target)
  if (verb === 'get') return jsonReply(200, shown(current))
  if (verb === 'patch') return patchObject(request, target, { collection, current, objects, shown })
  if (verb !== 'delete' || resource === 'namespaces') return methodNotAllowed()
  objects.delete(collection, name)
  const details = { ...detailsOf(target), uid: current.metadata.uid }
  return jsonReply(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details })
}

function createObject(
  request: AuthorizedRequest,
  collection: Collection,
  kind: string,
  objects: ObjectStore,
  shown: (object: StoredObject) => object,
): Reply {
  const read = readBody(request, kind)
  if ('refused' in read) return read.refused
  const { group, resource, namespace } = collection
  const name = jsonAt(read.object, 'metadata', 'name')
  if (typeof name !== 'string' || name === '') {
    return refusal(
      'Invalid',
      `${kind} "" is invalid: metadata.name: Required value: name or generateName is required`,
      { kind },
    )
  }
  if (
    namespace !== undefined &&
    objects.get({ group: '', resource: 'namespaces' }, namespace) === undefined
  ) {
    return refusal('NotFound', `namespaces ${JSON.stringify(namespace)} not found`, {
      name: namespace,
      kind: 'namespaces',
    })
  }
  const content = storable(read.object)
  if (content === undefined)
    return refusal('BadRequest', `${kind} in version "v1" cannot be handled as a ${kind}: illegal base64`)
  const created = objects.create(collection, name, content)
  if (created !== undefined) return jsonReply(201, shown(created))
  return refusal('AlreadyExists', `${resource} ${JSON.stringify(name)} already exists`, {
    name,
    ...(group === '' ? {} : { group }),
    kind: resource,
  })
}

interface PatchContext {
  readonly collection: Collection
  readonly current: StoredObject
  readonly objects: ObjectStore
  readonly shown: (object: StoredObject) => object
}

function patchObject(request: AuthorizedRequest, target: ResourceTarget, context: PatchContext): Reply {
  const { collection, current, objects, shown } = context
  const patched = applyPatch(current, request.body, request.contentType)
  if (patched.kind === 'unsupported')
    return refusal('UnsupportedMediaType', '415: Unsupported Media Type', {})
  if (patched.kind === 'malformed') return refusal('BadRequest', 'the patch cannot be read')
  const message = 'the server rejected our request due to an error in our request'
  if (patched.kind === 'rejected') return refusal('Invalid', message, {})
  if (jsonAt(patched.object, 'metadata', 'resourceVersion') !== current.metadata.resourceVersion) {
    const what = `${target.resource} ${JSON.stringify(target.name)}`
    const conflict = `Operation cannot be fulfilled on ${what}: the object has been modified; please apply your changes to the latest version and try again`
    return refusal('Conflict', conflict, detailsOf(target))
  }
  const content = storable(patched.object)
  if (content === undefined) return refusal('Invalid', ' "" is invalid: patch: Invalid value', {})
  const replaced = objects.replace(collection, current.metadata.name, content)
  return replaced === undefined ? notFound(target) : jsonReply(200, shown(replaced))
}

function notFound(target: ResourceTarget): Reply {
  const { group, resource, name } = target
  const kind = group === '' ? resource : `${resource}.${group}`
  return refusal('NotFound', `${kind} ${JSON.stringify(name)} not found`, detailsOf(target))
}

/**
 * The object as it is stored: without kind and version, a Secret's `stringData` encoded into `data`. Undefined when
 * `data` holds anything but Base64.
 */
function storable(object: JsonObject): JsonObject | undefined {
  const { kind: _kind, apiVersion: _apiVersion, stringData, data, ...rest } = object
  const encoded = Object.entries(isJsonObject(stringData) ? stringData : {}).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ])
  const merged = { ...(isJsonObject(data) ? data : {}), ...Object.fromEntries(encoded) }
  const valid = Object.values(merged).every((value) => typeof value === 'string' && isBase64(value))
  if (!valid) return undefined
  return Object.keys(merged).length === 0 ? rest : { ...rest, data: merged }
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}
