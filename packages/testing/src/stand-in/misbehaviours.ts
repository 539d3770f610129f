import type { Misbehaviour } from './misbehaviour.ts'

/** Requests that can be told apart, for misbehaviours and counts. */
export type RequestLabel =
  | 'tokenreviews'
  | 'selfsubjectaccessreviews'
  | 'subjectaccessreviews'
  | 'serviceaccounts/token'
  | 'serviceaccounts'
  | 'secrets'
  | 'namespaces'
  | 'version'
  | 'readyz'
  | 'openid'

export interface MisbehaveOptions {
  /** What goes wrong; `everything` includes the requests of the test cluster's own methods. */
  readonly on: RequestLabel | 'everything'
  readonly how: Misbehaviour
  /** Only the next so many requests; by default all until `behave()`. */
  readonly times?: number
}

/** The misbehaviours in force: one for each label, a newer replaces an older. */
export interface Misbehaviours {
  add(options: MisbehaveOptions): void
  clear(): void
  /** The misbehaviour for a request of this label, counting it off. */
  take(label: string): Misbehaviour | undefined
}

export function createMisbehaviours(): Misbehaviours {
  const inForce = new Map<string, { readonly how: Misbehaviour; left: number }>()
  return {
    add: ({ on, how, times = Infinity }) => void inForce.set(on, { how, left: times }),
    clear: () => inForce.clear(),
    take(label) {
      const key = inForce.has(label) ? label : 'everything'
      const found = inForce.get(key)
      if (found === undefined) return undefined
      if (--found.left <= 0) inForce.delete(key)
      return found.how
    },
  }
}
