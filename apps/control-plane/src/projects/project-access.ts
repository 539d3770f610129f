import { ApiError } from '../http/api-error.ts'
import type { Actor, RightsHolder } from '../permissions/actor.ts'
import { builtInProjectRole } from '../permissions/built-in-project-roles.ts'
import { type ProjectRights, type ProjectRoleRules, projectRightsOf } from '../permissions/project-rights.ts'
import type {
  Environment,
  HeldRole,
  MemberKey,
  Project,
  ProjectKey,
  ProjectSnapshot,
  ProjectStore,
} from './project-store.ts'

/** A project as somebody may use it who belongs there. */
export interface EnteredProject {
  readonly project: Project
  readonly rights: ProjectRights
  /** By position. */
  readonly environments: readonly Environment[]
  /** Throws NotFound that names the slug. */
  environment(slug: string): Environment
}

/** As callers name a project: an id counts before a slug, and "" is as good as absent. */
export interface NamedProject {
  readonly projectId?: string | undefined
  readonly projectSlug?: string | undefined
}

export interface ProjectAccess {
  /**
   * Throws BadRequest where neither id nor slug is named; NotFound, in the same words, for a project of another
   * organization, one that does not exist, and one that the actor is no member of. What others changed meanwhile is seen
   * after at most a second; a temporary role counts to the millisecond.
   */
  enter(actor: Actor, project: NamedProject): Promise<EnteredProject>
  /** As `enter`, but undefined in the place of NotFound: for what is named by an id of its own. */
  enterIfMember(actor: RightsHolder, project: NamedProject): Promise<EnteredProject | undefined>
  /** All that the actor may enter, oldest first. */
  enterAll(actor: Actor): Promise<readonly EnteredProject[]>
  /** Call it after each committed change of the project, its environments, roles or members: it holds here at once. */
  forget(projectId: string): void
}

export interface ProjectAccessOptions {
  store: Pick<ProjectStore, 'findSnapshot' | 'listSnapshots'>
  now: () => Date
  /** Monotonic. */
  elapsedMs: () => number
}

/** Somebody's view of a project, with the rights that their roles gave when they were last asked for. */
interface View {
  readonly snapshot: ProjectSnapshot
  rightsOf: Map<string, ProjectRights>
}

interface Entry {
  readonly view: Promise<View | undefined>
  /** Unknown until it was read. */
  projectId: string | undefined
  readonly readAtMs: number
}

const ageMsMax = 1000
const entriesMax = 10_000
/** Wider than any that a project may be given. */
const slugForm = /^[\w-]{1,80}$/
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

export function createProjectAccess({ store, now, elapsedMs }: ProjectAccessOptions): ProjectAccess {
  const entries = new Map<string, Entry>()

  function read(key: string, organizationId: string, project: ProjectKey, member: MemberKey): Entry {
    const view = store.findSnapshot(organizationId, project, member).then((snapshot) => {
      if (snapshot === undefined) {
        // What does not exist yet may be created the next moment.
        drop()
        return undefined
      }
      entry.projectId = snapshot.project.id
      return { snapshot, rightsOf: new Map<string, ProjectRights>() }
    })
    const entry: Entry = { view, projectId: undefined, readAtMs: elapsedMs() }
    const drop = (): void => {
      if (entries.get(key) === entry) entries.delete(key)
    }
    // A failure is told to those who wait for it, and not remembered.
    view.catch(drop)
    entries.delete(key)
    entries.set(key, entry)
    for (const oldest of entries.keys()) {
      if (entries.size <= entriesMax) break
      entries.delete(oldest)
    }
    return entry
  }

  async function enterIfMember(
    actor: RightsHolder,
    named: NamedProject,
  ): Promise<EnteredProject | undefined> {
    const project = keyOf(named)
    if (project === undefined) return undefined
    const member = memberKeyOf(actor)
    const key = JSON.stringify([actor.organizationId, project, member])
    const cached = entries.get(key)
    const entry =
      cached !== undefined && elapsedMs() - cached.readAtMs < ageMsMax
        ? cached
        : read(key, actor.organizationId, project, member)
    const view = await entry.view
    return view && enteredOf(actor, view, now())
  }

  return {
    enterIfMember,
    enter: async (actor, named) => {
      const entered = await enterIfMember(actor, named)
      if (entered === undefined) throw projectUnknown()
      return entered
    },
    enterAll: async (actor) => {
      const all = actor.rights.can('administer', 'projects')
      const snapshots = await store.listSnapshots(actor.organizationId, memberKeyOf(actor), { all })
      const at = now()
      return snapshots.flatMap((snapshot) => enteredOf(actor, { snapshot, rightsOf: new Map() }, at) ?? [])
    },
    // A read under way, whose project is not known yet, may have seen the state before the change.
    forget: (projectId) => {
      for (const [key, entry] of entries) {
        if (entry.projectId === undefined || entry.projectId === projectId) entries.delete(key)
      }
    },
  }
}

/** The same words for a project of another organization as for one that does not exist. */
export function projectUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such project in your organization')
}

export function environmentUnknown(slug: string): ApiError {
  return new ApiError('NotFound', `There is no environment "${slug}" in the project`)
}

export function memberKeyOf(actor: RightsHolder): MemberKey {
  return actor.kind === 'identity'
    ? { kind: 'identity', identityId: actor.identityId }
    : { kind: 'user', userId: actor.userId }
}

/** Undefined for what can be no project's. */
function keyOf({ projectId = '', projectSlug = '' }: NamedProject): ProjectKey | undefined {
  if (projectId !== '') return uuid.test(projectId) ? { id: projectId.toLowerCase() } : undefined
  if (projectSlug === '') throw new ApiError('BadRequest', 'Name a project, by its id or by its slug')
  return slugForm.test(projectSlug) ? { slug: projectSlug } : undefined
}

function enteredOf(actor: RightsHolder, view: View, at: Date): EnteredProject | undefined {
  const { project, environments, heldRoles } = view.snapshot
  const administers = actor.rights.can('administer', 'projects')
  if (heldRoles === undefined && !administers) return undefined
  const live = administers ? undefined : heldRoles?.map((held) => isLive(held, at))
  const remembered = live?.join() ?? 'admin'
  const rights =
    view.rightsOf.get(remembered) ??
    projectRightsOf(
      administers
        ? [roleOf({ slug: 'admin', rules: null, time: null })]
        : (heldRoles ?? []).filter((_held, index) => live?.[index]).map(roleOf),
    )
  view.rightsOf.set(remembered, rights)
  return {
    project,
    rights,
    environments,
    environment: (slug) => {
      const environment = environments.find((one) => one.slug === slug)
      if (environment === undefined) throw environmentUnknown(slug)
      return environment
    },
  }
}

function isLive({ time }: HeldRole, at: Date): boolean {
  return time === null || (time.from <= at && at < time.until)
}

/** A role that this version does not know gives no rights. */
function roleOf({ slug, rules, time }: HeldRole): ProjectRoleRules {
  return { slug, rules: rules ?? builtInProjectRole(slug)?.rules ?? [], until: time?.until }
}
