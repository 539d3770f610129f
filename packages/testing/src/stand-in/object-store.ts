import { randomUUID } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../json-at.ts'

/** Where objects of one kind are: `namespace` is absent for cluster-wide kinds. */
export interface Collection {
  readonly group: string
  readonly resource: string
  readonly namespace?: string
}

export interface ObjectMetadata extends JsonObject {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

export interface StoredObject extends JsonObject {
  readonly metadata: ObjectMetadata
}

/** The stand-in's etcd. */
export interface ObjectStore {
  get(collection: Collection, name: string): StoredObject | undefined
  list(collection: Collection): readonly StoredObject[]
  /** Stores it with new metadata, or answers undefined when the name is taken. */
  create(collection: Collection, name: string, object: JsonObject): StoredObject | undefined
  /** Stores the new content; name, namespace, uid and creation time stay. */
  replace(collection: Collection, name: string, object: JsonObject): StoredObject | undefined
  delete(collection: Collection, name: string): StoredObject | undefined
}

export function createObjectStore(): ObjectStore {
  const collections = new Map<string, Map<string, StoredObject>>()
  let revision = 1

  function objectsOf({ group, resource, namespace = '' }: Collection): Map<string, StoredObject> {
    const key = `${group}/${resource}/${namespace}`
    const objects = collections.get(key) ?? new Map<string, StoredObject>()
    collections.set(key, objects)
    return objects
  }

  return {
    get: (collection, name) => objectsOf(collection).get(name),
    list: (collection) => [...objectsOf(collection).values()],
    create(collection, name, object) {
      const objects = objectsOf(collection)
      if (objects.has(name)) return undefined
      const given = isJsonObject(object['metadata']) ? object['metadata'] : {}
      const metadata = {
        ...given,
        name,
        ...(collection.namespace === undefined ? {} : { namespace: collection.namespace }),
        uid: randomUUID(),
        resourceVersion: String(++revision),
        creationTimestamp: new Date().toISOString().replace(/\.\d+/, ''),
      }
      const stored = { ...object, metadata }
      objects.set(name, stored)
      return stored
    },
    replace(collection, name, object) {
      const objects = objectsOf(collection)
      const current = objects.get(name)
      if (current === undefined) return undefined
      const given = isJsonObject(object['metadata']) ? object['metadata'] : {}
      const metadata = { ...given, ...current.metadata, resourceVersion: String(++revision) }
      const stored = { ...object, metadata: { ...metadata, ...labelsOf(given) } }
      objects.set(name, stored)
      return stored
    },
    delete(collection, name) {
      const objects = objectsOf(collection)
      const current = objects.get(name)
      objects.delete(name)
      return current
    },
  }
}

function labelsOf(metadata: JsonObject): JsonObject {
  const { labels, annotations } = metadata
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
