import type { KubernetesAuth, KubernetesAuthSettings } from './kubernetes-auth.ts'

export type SaveKubernetesAuthOutcome =
  | { kind: 'saved'; auth: KubernetesAuth }
  /** Another change came between the reading and the writing, or the row is gone. */
  | { kind: 'changed-meanwhile' }
  | { kind: 'already-attached' }
  /** The identity, the gateway or the pool was deleted meanwhile. */
  | { kind: 'reference-gone' }

/** Kubernetes Auths, secrets in clear towards the caller and encrypted at rest. Ids are UUIDs. */
export interface KubernetesAuthStore {
  find(identityId: string): Promise<KubernetesAuth | undefined>
  attach(
    identity: { id: string; organizationId: string },
    settings: KubernetesAuthSettings,
  ): Promise<SaveKubernetesAuthOutcome>
  /** Writes only over the state that `current` is, so that a reviewer JWT never meets another writer's host. */
  update(current: KubernetesAuth, settings: KubernetesAuthSettings): Promise<SaveKubernetesAuthOutcome>
  /** What was there, or undefined. */
  detach(identityId: string): Promise<KubernetesAuth | undefined>
  findOrganizationSlug(organizationId: string): Promise<string | undefined>
}
