import { type Kysely, sql } from 'kysely'

/**
 * Projects, their environments, and who is in them with which roles. The organization stands in a member's row too, so
 * that the database itself keeps members to the project's own organization, and whoever leaves it leaves its projects.
 * A member's role is one that every project has (`role`) or one of the project's own (`custom_role_id`).
 */
const statements: readonly string[] = [
  `create table projects (
     id uuid primary key default gen_random_uuid(),
     organization_id uuid not null references organizations (id) on delete cascade,
     name text not null,
     slug text not null,
     description text,
     type text not null,
     has_delete_protection boolean not null default false,
     auto_capitalization boolean not null default false,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (organization_id, slug),
     unique (id, organization_id)
   )`,
  `create index projects_of_organization on projects (organization_id, created_at, id)`,
  `create table project_environments (
     id uuid primary key default gen_random_uuid(),
     project_id uuid not null references projects (id) on delete cascade,
     name text not null,
     slug text not null,
     position integer not null,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (project_id, slug)
   )`,
  `create table project_roles (
     id uuid primary key default gen_random_uuid(),
     project_id uuid not null references projects (id) on delete cascade,
     slug text not null,
     name text not null,
     description text,
     rules jsonb not null,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     unique (project_id, slug)
   )`,
  `alter table identities add constraint identities_id_and_organization unique (id, organization_id)`,
  `create table project_members (
     id uuid primary key default gen_random_uuid(),
     project_id uuid not null,
     organization_id uuid not null,
     identity_id uuid,
     user_id uuid,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     constraint project_members_are_one_thing check (num_nonnulls(identity_id, user_id) = 1),
     unique (project_id, identity_id),
     unique (project_id, user_id),
     foreign key (project_id, organization_id) references projects (id, organization_id) on delete cascade,
     foreign key (identity_id, organization_id) references identities (id, organization_id) on delete cascade,
     foreign key (organization_id, user_id) references organization_members (organization_id, user_id)
       on delete cascade
   )`,
  `create index project_members_by_identity on project_members (identity_id) where identity_id is not null`,
  `create index project_members_by_user on project_members (user_id, organization_id) where user_id is not null`,
  // Deferred: a project goes with its roles and its members, in whatever order one statement deletes them.
  `create table project_member_roles (
     id uuid primary key default gen_random_uuid(),
     project_member_id uuid not null references project_members (id) on delete cascade,
     role text,
     custom_role_id uuid references project_roles (id) deferrable initially deferred,
     position integer not null,
     is_temporary boolean not null default false,
     temporary_range text,
     temporary_from timestamptz,
     temporary_until timestamptz,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now(),
     constraint project_member_roles_are_one_role check (num_nonnulls(role, custom_role_id) = 1),
     constraint project_member_roles_have_a_time check (
       num_nonnulls(temporary_range, temporary_from, temporary_until) = case when is_temporary then 3 else 0 end
     )
   )`,
  `create index project_member_roles_of_member on project_member_roles (project_member_id)`,
  `create index project_member_roles_by_custom_role on project_member_roles (custom_role_id)
     where custom_role_id is not null`,
  // An identity that a project owns goes with the project.
  `alter table identities
     add column project_id uuid,
     add constraint identities_of_project foreign key (project_id, organization_id)
       references projects (id, organization_id) on delete cascade`,
  `create index identities_by_project on identities (project_id) where project_id is not null`,
]

export async function up(database: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database)
}
