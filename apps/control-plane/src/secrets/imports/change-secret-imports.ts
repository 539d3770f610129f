import type { AuditEvent, AuditEventName } from '../../audit/audit-event.ts'
import type { AuditLog } from '../../audit/audit-log.ts'
import type { ChangeAudit } from '../../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../../audit/denied-attempt.ts'
import type { Commit } from '../../database/commit.ts'
import { ApiError } from '../../http/api-error.ts'
import { auditActorOf } from '../../permissions/actor.ts'
import { requireProjectPermission } from '../../permissions/project-rights.ts'
import { type EnteredProject, environmentUnknown, type ProjectAccess } from '../../projects/project-access.ts'
import type { Environment } from '../../projects/project-store.ts'
import { joinPath, parseSecretPath } from '../folders/folder-paths.ts'
import type { FolderStore } from '../folders/folder-store.ts'
import type { SecretImport, SecretImportStore } from './secret-import-store.ts'

/** What one change writes to, all of it or none. */
export interface SecretImportChangeScope {
  folders: Pick<FolderStore, 'findFolder' | 'lockRoot'>
  secretImports: SecretImportStore
  audit: ChangeAudit
}

export interface ChangeSecretImportsDependencies {
  access: ProjectAccess
  commit: Commit<SecretImportChangeScope>
  auditLog: AuditLog
  now: () => Date
}

/** The folder that imports, as a request names it. */
export interface ImportingPlace {
  projectId: string | undefined
  environment: string
  path: string | undefined
}

export interface NewImport {
  environment: string
  path: string | undefined
  isReplication: boolean
}

/** What is undefined stays. */
export interface ImportChange {
  environment: string | undefined
  path: string | undefined
  position: number | undefined
}

/** An import with what replies name of it. */
export interface LocatedImport {
  secretImport: SecretImport
  environment: Environment
  path: readonly string[]
  source: Environment
}

export interface ChangeSecretImports {
  create(origin: ChangeOrigin, place: ImportingPlace, request: NewImport): Promise<LocatedImport>
  update(
    origin: ChangeOrigin,
    place: ImportingPlace,
    importId: string,
    change: ImportChange,
  ): Promise<LocatedImport>
  remove(origin: ChangeOrigin, place: ImportingPlace, importId: string): Promise<LocatedImport>
}

/** Beyond it nobody can tell which secret wins. */
const importsPerFolderMax = 100

export function createChangeSecretImports(
  dependencies: ChangeSecretImportsDependencies,
): ChangeSecretImports {
  const told = <Result>(
    origin: ChangeOrigin,
    event: AuditEventName,
    { environment, path }: ImportingPlace,
    change: () => Promise<Result>,
  ): Promise<Result> =>
    orTellDenied(dependencies, origin, { event, details: { environment, path: path ?? '/' } }, change)
  return {
    create: (origin, place, request) =>
      told(origin, 'secret-import-created', place, () => create(dependencies, origin, place, request)),
    update: (origin, place, importId, change) =>
      told(origin, 'secret-import-updated', place, () =>
        update(dependencies, origin, place, importId, change),
      ),
    remove: (origin, place, importId) =>
      told(origin, 'secret-import-deleted', place, () => remove(dependencies, origin, place, importId)),
  }
}

/** The same words for an import of another folder as for one that does not exist. */
export function importUnknown(): ApiError {
  return new ApiError('NotFound', 'There is no such secret import in the folder')
}

interface Target {
  entered: EnteredProject
  environment: Environment
  path: readonly string[]
}

async function enter(
  { access }: ChangeSecretImportsDependencies,
  origin: ChangeOrigin,
  place: ImportingPlace,
  action: 'create' | 'edit' | 'delete',
): Promise<Target> {
  const entered = await access.enter(origin.actor, { projectId: place.projectId })
  const environment = entered.environment(place.environment)
  const path = parseSecretPath(place.path ?? '/', 'path')
  const at = { environment: environment.slug, secretPath: joinPath(path) }
  requireProjectPermission(entered.rights, action, 'imports', at)
  return { entered, environment, path }
}

/** Nobody brings in what they may not read themselves. */
function requireReadOfSource({ rights }: EnteredProject, environment: string, path: string): void {
  requireProjectPermission(rights, 'read', 'secrets', { environment, secretPath: path })
}

async function create(
  dependencies: ChangeSecretImportsDependencies,
  origin: ChangeOrigin,
  place: ImportingPlace,
  request: NewImport,
): Promise<LocatedImport> {
  const target = await enter(dependencies, origin, place, 'create')
  const source = target.entered.environment(request.environment)
  const sourcePath = joinPath(parseSecretPath(request.path ?? '/', 'import.path'))
  requireReadOfSource(target.entered, source.slug, sourcePath)
  refuseItself(target, source, sourcePath)
  return dependencies.commit(async ({ folders, secretImports, audit }) => {
    const folderId = await lockFolder(folders, target)
    await holdSource(secretImports, source)
    const present = await secretImports.importsOf([folderId])
    if (present.length >= importsPerFolderMax) {
      throw new ApiError('BadRequest', `A folder holds ${importsPerFolderMax} imports at most`)
    }
    refuseTwice(present, source, sourcePath)
    const secretImport = await secretImports.create({
      projectId: target.entered.project.id,
      folderId,
      importedEnvironmentId: source.id,
      importedPath: sourcePath,
      isReplication: request.isReplication,
    })
    const located = { secretImport, environment: target.environment, path: target.path, source }
    await audit.record(eventAbout(located, 'secret-import-created', origin, dependencies.now()))
    return located
  })
}

async function update(
  dependencies: ChangeSecretImportsDependencies,
  origin: ChangeOrigin,
  place: ImportingPlace,
  importId: string,
  change: ImportChange,
): Promise<LocatedImport> {
  const target = await enter(dependencies, origin, place, 'edit')
  return dependencies.commit(async ({ folders, secretImports, audit }) => {
    const folderId = await lockFolder(folders, target)
    const present = await secretImports.importsOf([folderId])
    const before = present.find(({ id }) => id === importId)
    if (before === undefined) throw importUnknown()
    const source =
      change.environment === undefined
        ? sourceOf(target.entered, before)
        : target.entered.environment(change.environment)
    const sourcePath =
      change.path === undefined ? before.importedPath : joinPath(parseSecretPath(change.path, 'import.path'))
    if (source.id !== before.importedEnvironmentId || sourcePath !== before.importedPath) {
      requireReadOfSource(target.entered, source.slug, sourcePath)
      refuseItself(target, source, sourcePath)
      await holdSource(secretImports, source)
      const others = present.filter(({ id }) => id !== importId)
      refuseTwice(others, source, sourcePath)
    }
    const secretImport = await secretImports.update(importId, {
      importedEnvironmentId: source.id,
      importedPath: sourcePath,
      position: change.position,
    })
    if (secretImport === undefined) throw importUnknown()
    const located = { secretImport, environment: target.environment, path: target.path, source }
    await audit.record(eventAbout(located, 'secret-import-updated', origin, dependencies.now()))
    return located
  })
}

async function remove(
  dependencies: ChangeSecretImportsDependencies,
  origin: ChangeOrigin,
  place: ImportingPlace,
  importId: string,
): Promise<LocatedImport> {
  const target = await enter(dependencies, origin, place, 'delete')
  return dependencies.commit(async ({ folders, secretImports, audit }) => {
    const folderId = await lockFolder(folders, target)
    const before = (await secretImports.importsOf([folderId])).find(({ id }) => id === importId)
    if (before === undefined) throw importUnknown()
    await secretImports.delete(importId)
    const source = sourceOf(target.entered, before)
    const located = { secretImport: before, environment: target.environment, path: target.path, source }
    await audit.record(eventAbout(located, 'secret-import-deleted', origin, dependencies.now()))
    return located
  })
}

/** The id of the folder that imports, under the lock of its environment's tree: positions are counted in it. */
async function lockFolder(
  folders: Pick<FolderStore, 'findFolder' | 'lockRoot'>,
  { environment, path }: Target,
): Promise<string> {
  const root = await folders.lockRoot(environment.id)
  const folder = path.length === 0 ? root : await folders.findFolder({ environmentId: environment.id, path })
  if (folder === undefined) throw new ApiError('NotFound', `There is no folder ${joinPath(path)}`)
  return folder.id
}

/** It may have been deleted a moment ago, by another process too. */
async function holdSource(
  secretImports: Pick<SecretImportStore, 'holdSource'>,
  { id, slug }: Environment,
): Promise<void> {
  if (!(await secretImports.holdSource(id))) throw environmentUnknown(slug)
}

/** An environment that was made a moment ago, and is not known here yet, is as good as gone. */
export function sourceOf(entered: EnteredProject, { importedEnvironmentId }: SecretImport): Environment {
  const source = entered.environments.find(({ id }) => id === importedEnvironmentId)
  if (source === undefined) throw importUnknown()
  return source
}

function refuseItself({ environment, path }: Target, source: Environment, sourcePath: string): void {
  if (source.id !== environment.id || sourcePath !== joinPath(path)) return
  throw new ApiError('BadRequest', 'A folder cannot import itself')
}

function refuseTwice(present: readonly SecretImport[], source: Environment, sourcePath: string): void {
  const isPresent = present.some(
    ({ importedEnvironmentId, importedPath }) =>
      importedEnvironmentId === source.id && importedPath === sourcePath,
  )
  if (isPresent) {
    throw new ApiError('BadRequest', `The folder imports ${sourcePath} of "${source.slug}" already`)
  }
}

function eventAbout(
  { secretImport, environment, path, source }: LocatedImport,
  event: AuditEventName,
  { actor, requestId, ipAddress }: ChangeOrigin,
  occurredAt: Date,
): AuditEvent {
  return {
    occurredAt,
    organizationId: actor.organizationId,
    projectId: secretImport.projectId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    ipAddress,
    details: {
      projectId: secretImport.projectId,
      environment: environment.slug,
      path: joinPath(path),
      importId: secretImport.id,
      importedEnvironment: source.slug,
      importedPath: secretImport.importedPath,
      position: secretImport.position,
    },
  }
}
