import type { WrittenOrganizationRule } from '../permissions/organization-rights.ts'

/** A role of an organization's own. */
export interface CustomRole {
  id: string
  organizationId: string
  slug: string
  name: string
  description: string
  /** As they were written: clients compare what they read with what they sent. */
  permissions: readonly WrittenOrganizationRule[]
  createdAt: Date
  updatedAt: Date
}

export type NewCustomRole = Omit<CustomRole, 'id' | 'createdAt' | 'updatedAt'>
export type CustomRoleChange = Partial<Pick<CustomRole, 'slug' | 'name' | 'description' | 'permissions'>>

export type CreateRoleOutcome =
  | { kind: 'saved'; role: CustomRole }
  | { kind: 'slug-taken' }
  | { kind: 'too-many'; rolesMax: number }
export type UpdateRoleOutcome = { kind: 'saved'; role: CustomRole } | { kind: 'slug-taken' }

/** How many have a role, or would get it. */
export interface RoleCarriers {
  identities: number
  members: number
  invitations: number
  /** Whether people are given it who are invited without a role. */
  isDefault: boolean
}

/** A role of another organization is as unknown as one that does not exist. Ids are UUIDs. */
export interface OrganizationRoleStore {
  find(roleId: string, organizationId: string): Promise<CustomRole | undefined>
  findBySlug(slug: string, organizationId: string): Promise<CustomRole | undefined>
  /** As `findBySlug`; for some seconds after it was renamed by its previous slug too. */
  findForRights(slug: string, organizationId: string): Promise<CustomRole | undefined>
  /** By their slugs. */
  list(organizationId: string): Promise<readonly CustomRole[]>
  create(role: NewCustomRole): Promise<CreateRoleOutcome>
  /** Within a change: until it ends nobody changes or deletes the role. For whoever gives it to somebody. */
  hold(slug: string, organizationId: string): Promise<CustomRole | undefined>
  /** Within a change: until it ends nobody else changes it, and nobody gives it to anybody. */
  findToChange(roleId: string, organizationId: string): Promise<CustomRole | undefined>
  /** Whoever has the role keeps it under its new slug. */
  update(role: CustomRole, change: CustomRoleChange): Promise<UpdateRoleOutcome>
  carriersOf(role: CustomRole): Promise<RoleCarriers>
  delete(role: CustomRole): Promise<void>
}
