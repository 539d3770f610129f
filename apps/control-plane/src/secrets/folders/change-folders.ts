import type { AuditEvent, AuditEventName } from '../../audit/audit-event.ts'
import type { AuditLog } from '../../audit/audit-log.ts'
import type { ChangeAudit } from '../../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../../audit/denied-attempt.ts'
import type { Commit } from '../../database/commit.ts'
import { ApiError } from '../../http/api-error.ts'
import { invalidField } from '../../http/validation-failure.ts'
import { auditActorOf } from '../../permissions/actor.ts'
import type { ProjectAccess } from '../../projects/project-access.ts'
import type { Environment } from '../../projects/project-store.ts'
import type { SecretImportStore } from '../imports/secret-import-store.ts'
import { type FolderReference, findFolder, folderUnknown } from './find-folder.ts'
import { folderLimits } from './folder-limits.ts'
import { folderDepthMax, joinPath, parseSecretPath } from './folder-paths.ts'
import { requireFolderRight, requireRightToDelete, requireRightToMove } from './folder-rights.ts'
import type { Folder, FolderContents, FolderStore, LocatedFolder } from './folder-store.ts'

/** What one change writes to, all of it or none. */
export interface FolderChangeScope {
  folders: FolderStore
  secretImports: Pick<SecretImportStore, 'followRename'>
  audit: ChangeAudit
}

export interface ChangeFoldersDependencies {
  access: ProjectAccess
  store: Pick<FolderStore, 'locate' | 'findFolder'>
  commit: Commit<FolderChangeScope>
  auditLog: AuditLog
  now: () => Date
}

export interface NewFolderRequest {
  projectId: string | undefined
  environment: string
  /** Where the folder is to stand. */
  path: string | undefined
  name: string
  description: string | null
}

export interface FolderChange {
  name: string
  /** Undefined: stays. */
  description: string | null | undefined
}

/** A folder with the environment that replies name. */
export interface ChangedFolder {
  folder: LocatedFolder
  environment: Environment
}

export interface ChangeFolders {
  /** With its missing parents. One that is there already is returned as it is. */
  create(origin: ChangeOrigin, request: NewFolderRequest): Promise<ChangedFolder>
  /** What is in it, and what imports from it, goes along. */
  rename(origin: ChangeOrigin, reference: FolderReference, change: FolderChange): Promise<ChangedFolder>
  /** @param options.force false: only one that is empty */
  remove(
    origin: ChangeOrigin,
    reference: FolderReference,
    options: { force: boolean },
  ): Promise<ChangedFolder>
}

/** Each change: the project's door; then, under the lock of the environment's tree, rights, change and audit. */
export function createChangeFolders(dependencies: ChangeFoldersDependencies): ChangeFolders {
  return {
    create: (origin, request) => {
      const { environment, path, name } = request
      const details = { environment, path: path ?? '/', name }
      return orTellDenied(dependencies, origin, { event: 'folder-created', details }, () =>
        create(dependencies, origin, request),
      )
    },
    rename: (origin, reference, change) => {
      const details = { folder: reference.idOrName, name: change.name }
      return orTellDenied(dependencies, origin, { event: 'folder-renamed', details }, () =>
        rename(dependencies, origin, reference, change),
      )
    },
    remove: (origin, reference, options) => {
      const details = { folder: reference.idOrName }
      return orTellDenied(dependencies, origin, { event: 'folder-deleted', details }, () =>
        remove(dependencies, origin, reference, options),
      )
    },
  }
}

async function create(
  { access, commit, now }: ChangeFoldersDependencies,
  origin: ChangeOrigin,
  request: NewFolderRequest,
): Promise<ChangedFolder> {
  const { projectId, name, description } = request
  const entered = await access.enter(origin.actor, { projectId })
  const environment = entered.environment(request.environment)
  const path = [...parseSecretPath(request.path ?? '/', 'path'), name]
  if (path.length > folderDepthMax) {
    throw invalidField('path', `leaves no room: ${folderDepthMax} folders at most, one within the other`)
  }
  requireFolderRight(entered.rights, 'create', { environment: environment.slug, path })
  return commit(async ({ folders, audit }) => {
    const root = await folders.lockRoot(environment.id)
    if (root === undefined) throw environmentGone()
    const { deepest, depth } = await findDeepest(folders, environment.id, path, root)
    if (depth === path.length) return { folder: { ...deepest, path }, environment }
    for (let missing = depth + 1; missing < path.length; missing += 1) {
      const at = { environment: environment.slug, path: path.slice(0, missing) }
      requireFolderRight(entered.rights, 'create', at)
    }
    if ((await folders.countOf(environment.id)) + path.length - depth > folderLimits.foldersPerEnvironment) {
      throw new ApiError(
        'BadRequest',
        `An environment holds ${folderLimits.foldersPerEnvironment} folders at most`,
      )
    }
    let folder = deepest
    for (const [index, part] of path.slice(depth).entries()) {
      folder = await folders.create({
        projectId: entered.project.id,
        environmentId: environment.id,
        parentId: folder.id,
        name: part,
        description: depth + index + 1 === path.length ? description : null,
      })
    }
    const details = { parentsCreated: path.length - depth - 1 }
    await audit.record(
      eventAbout({ ...folder, path }, environment, ['folder-created', details], origin, now()),
    )
    return { folder: { ...folder, path }, environment }
  })
}

/** The last of the path's folders that exists, and how deep it stands; the root at depth 0 always does. */
async function findDeepest(
  folders: FolderStore,
  environmentId: string,
  path: readonly string[],
  root: Folder,
): Promise<{ deepest: Folder; depth: number }> {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const folder = await folders.findFolder({ environmentId, path: path.slice(0, depth) })
    if (folder !== undefined) return { deepest: folder, depth }
  }
  return { deepest: root, depth: 0 }
}

async function rename(
  dependencies: ChangeFoldersDependencies,
  origin: ChangeOrigin,
  reference: FolderReference,
  { name, description }: FolderChange,
): Promise<ChangedFolder> {
  const found = await findFolder(dependencies, origin.actor, reference)
  const { entered, environment } = found
  requireFolderRight(entered.rights, 'edit', { environment: environment.slug, path: found.folder.path })
  return dependencies.commit(async ({ folders, secretImports, audit }) => {
    const before = await lockFolder(folders, found.folder)
    const from = before.path
    const to = [...from.slice(0, -1), name]
    const taken = await folders.findFolder({ environmentId: environment.id, path: to })
    if (taken !== undefined && taken.id !== before.id) {
      throw new ApiError(
        'BadRequest',
        `There is already a folder named "${name}" in ${joinPath(to.slice(0, -1))}`,
      )
    }
    const contents = await readContents(folders, before)
    if (name !== before.name) {
      requireRightToMove(entered.rights, contents, { environment: environment.slug, from, to })
    }
    const folder = await folders.update(before.id, { name, description })
    if (folder === undefined) throw folderUnknown()
    const importsMoved = await secretImports.followRename({ environmentId: environment.id, from, to })
    const details = { previousPath: joinPath(from), ...countsOf(contents), importsMoved }
    const renamed = { ...folder, path: to }
    await audit.record(
      eventAbout(renamed, environment, ['folder-renamed', details], origin, dependencies.now()),
    )
    return { folder: renamed, environment }
  })
}

async function remove(
  dependencies: ChangeFoldersDependencies,
  origin: ChangeOrigin,
  reference: FolderReference,
  { force }: { force: boolean },
): Promise<ChangedFolder> {
  const found = await findFolder(dependencies, origin.actor, reference)
  const { entered, environment } = found
  requireFolderRight(entered.rights, 'delete', { environment: environment.slug, path: found.folder.path })
  return dependencies.commit(async ({ folders, audit }) => {
    const folder = await lockFolder(folders, found.folder)
    const contents = await readContents(folders, folder)
    const counts = countsOf(contents)
    if (!force && counts.folders + counts.secrets + counts.imports > 0) {
      throw new ApiError(
        'BadRequest',
        `The folder is not empty: it holds ${counts.folders} folders, ${counts.secrets} secrets and ${counts.imports} ` +
          'imports. Send forceDelete: true to delete it with all of them',
        { details: counts },
      )
    }
    requireRightToDelete(entered.rights, contents, { environment: environment.slug, path: folder.path })
    await folders.delete(folder.id)
    await audit.record(
      eventAbout(folder, environment, ['folder-deleted', counts], origin, dependencies.now()),
    )
    return { folder, environment }
  })
}

/** Under the lock a folder may turn out to have been renamed, or deleted, a moment ago. */
async function lockFolder(folders: FolderStore, folder: LocatedFolder): Promise<LocatedFolder> {
  if (folder.parentId === null) {
    throw new ApiError('BadRequest', 'The root of an environment can be neither renamed nor deleted')
  }
  await folders.lockRoot(folder.environmentId)
  const located = await folders.locate(folder.id)
  if (located === undefined) throw folderUnknown()
  return located
}

/** What somebody is about to put there is waited for: rights are judged, and "empty" is said, of what is there. */
async function readContents(folders: FolderStore, { id }: Folder): Promise<FolderContents> {
  const rowsMax = folderLimits.rowsPerChange
  await folders.lockBelow(id)
  const contents = await folders.contentsOf(id, rowsMax + 1)
  if (
    contents.folders.length > rowsMax ||
    contents.secrets.length > rowsMax ||
    contents.imports.length > rowsMax
  ) {
    throw new ApiError(
      'BadRequest',
      `There are more than ${rowsMax} secrets in it: change or delete the folders below it first`,
    )
  }
  return contents
}

/** What is in the folder, without itself. */
function countsOf(contents: FolderContents): { folders: number; secrets: number; imports: number } {
  return {
    folders: contents.folders.length - 1,
    secrets: contents.secrets.length,
    imports: contents.imports.length,
  }
}

function environmentGone(): ApiError {
  return new ApiError('NotFound', 'The environment was just deleted')
}

function eventAbout(
  folder: LocatedFolder,
  environment: Environment,
  [event, details]: readonly [AuditEventName, AuditEvent['details']],
  { actor, requestId, ipAddress }: ChangeOrigin,
  occurredAt: Date,
): AuditEvent {
  return {
    occurredAt,
    organizationId: actor.organizationId,
    projectId: folder.projectId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    ipAddress,
    details: {
      projectId: folder.projectId,
      environment: environment.slug,
      path: joinPath(folder.path),
      folderId: folder.id,
      ...details,
    },
  }
}
