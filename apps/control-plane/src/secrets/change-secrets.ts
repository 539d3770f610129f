import { randomUUID } from 'node:crypto'
import type { AuditEvent, AuditEventName } from '../audit/audit-event.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ChangeAudit } from '../audit/change-audit.ts'
import { type ChangeOrigin, orTellDenied } from '../audit/denied-attempt.ts'
import type { Commit } from '../database/commit.ts'
import { ApiError } from '../http/api-error.ts'
import { type Actor, auditActorOf } from '../permissions/actor.ts'
import { type ProjectRights, requireProjectPermission } from '../permissions/project-rights.ts'
import type { EnteredProject, ProjectAccess } from '../projects/project-access.ts'
import type { Environment } from '../projects/project-store.ts'
import { joinPath, parseSecretPath } from './folders/folder-paths.ts'
import type { FolderPlace, FolderStore } from './folders/folder-store.ts'
import type { NamedPlace } from './named-place.ts'
import type { FoundSecret } from './read-secrets.ts'
import {
  type MetadataEntry,
  type SecretContent,
  type SecretKeyring,
  openNotes,
  openValues,
  sealContent,
} from './secret-cipher.ts'
import { secretLimits } from './secret-limits.ts'
import type { SecretAddress } from './secret-sight.ts'
import type { ChangedBy, SecretStore, StoredSecret } from './secret-store.ts'

/** What one change writes to, all of it or none. */
export interface SecretChangeScope {
  secrets: Pick<SecretStore, 'lockFolder' | 'findByKey' | 'insert' | 'replace' | 'delete'>
  secretKeyring: SecretKeyring
  folders: Pick<FolderStore, 'findFolder' | 'ensureRoot'>
  audit: ChangeAudit
}

export interface ChangeSecretsDependencies {
  access: ProjectAccess
  commit: Commit<SecretChangeScope>
  auditLog: AuditLog
  now: () => Date
}

export interface NamedSecret extends NamedPlace {
  readonly secretName: string
}

/** What a caller may set. */
export interface SecretInput {
  readonly value: string
  readonly comment: string
  readonly metadata: readonly MetadataEntry[]
  readonly skipMultilineEncoding: boolean | null
  readonly reminderRepeatDays: number | null
  readonly reminderNote: string | null
}

/** What is absent stays. */
export type SecretInputChange = { [Field in keyof SecretInput]?: SecretInput[Field] | undefined } & {
  readonly newName?: string | undefined
}

/** Each change: permission; change and audit in one commit. They throw ApiErrors. */
export interface ChangeSecrets {
  create(origin: ChangeOrigin, named: NamedSecret, input: SecretInput): Promise<FoundSecret>
  update(origin: ChangeOrigin, named: NamedSecret, change: SecretInputChange): Promise<FoundSecret>
  /** @returns what it was */
  remove(origin: ChangeOrigin, named: NamedSecret): Promise<FoundSecret>
}

export function createChangeSecrets(dependencies: ChangeSecretsDependencies): ChangeSecrets {
  const told = (
    event: AuditEventName,
    origin: ChangeOrigin,
    named: NamedSecret,
    change: (target: Target) => Promise<FoundSecret>,
  ): Promise<FoundSecret> =>
    orTellDenied(dependencies, origin, { event, details: attemptDetails(named) }, async () =>
      change(await targetOf(dependencies.access, origin.actor, named)),
    )
  return {
    create: (origin, named, input) =>
      told('secret-created', origin, named, (target) => create(dependencies, origin, target, input)),
    update: (origin, named, change) =>
      told('secret-updated', origin, named, (target) => update(dependencies, origin, target, change)),
    remove: (origin, named) =>
      told('secret-deleted', origin, named, (target) => remove(dependencies, origin, target)),
  }
}

/** Where a change is to happen, in a project that the actor may enter. */
interface Target {
  readonly entered: EnteredProject
  readonly environment: Environment
  readonly path: readonly string[]
  readonly at: SecretAddress
}

async function targetOf(access: ProjectAccess, actor: Actor, named: NamedSecret): Promise<Target> {
  const entered = await access.enter(actor, named)
  const environment = entered.environment(named.environment)
  const path = parseSecretPath(named.secretPath)
  const at = { environment: environment.slug, secretPath: joinPath(path), secretName: named.secretName }
  return { entered, environment, path, at }
}

async function create(
  dependencies: ChangeSecretsDependencies,
  origin: ChangeOrigin,
  target: Target,
  input: SecretInput,
): Promise<FoundSecret> {
  const { entered, at } = target
  requireProjectPermission(entered.rights, 'create', 'secrets', at)
  const { id: projectId, organizationId } = entered.project
  return dependencies.commit(async (within) => {
    const folder = await lockFolder(within, target)
    requireRoom(folder, input.value)
    if ((await within.secrets.findByKey(folder.id, at.secretName)) !== undefined) throw nameTaken()
    const id = randomUUID()
    const content = { ...input, changedBy: changedBy(origin.actor) }
    const sealed = await sealContent(
      within.secretKeyring,
      organizationId,
      { projectId, id, version: 1 },
      content,
    )
    const stored = await within.secrets.insert({
      id,
      projectId,
      folderId: folder.id,
      key: at.secretName,
      content: sealed,
    })
    await within.audit.record(eventOf(dependencies, origin, target, 'secret-created', stored, {}))
    return foundOf(target, stored, content)
  })
}

async function update(
  dependencies: ChangeSecretsDependencies,
  origin: ChangeOrigin,
  target: Target,
  { newName, ...change }: SecretInputChange,
): Promise<FoundSecret> {
  const { entered, at } = target
  const { rights } = entered
  requireProjectPermission(rights, 'edit', 'secrets', at)
  const key = newName ?? at.secretName
  if (key !== at.secretName) requireRightToRename(rights, at, key)
  const { id: projectId, organizationId } = entered.project
  return dependencies.commit(async (within) => {
    const folder = await lockFolder(within, target)
    const before = await within.secrets.findByKey(folder.id, at.secretName)
    if (before === undefined) throw notHere(at)
    if (key !== at.secretName && (await within.secrets.findByKey(folder.id, key)) !== undefined) {
      throw nameTaken()
    }
    if (change.value !== undefined) requireRoom({ ...folder, secretCount: 0 }, change.value)
    const content: SecretContent = {
      ...(await openContent(within.secretKeyring, organizationId, before)),
      ...onlyPresent(change),
      changedBy: changedBy(origin.actor),
    }
    const place = { projectId, id: before.id, version: before.version + 1 }
    const sealed = await sealContent(within.secretKeyring, organizationId, place, content)
    const stored = await within.secrets.replace(
      before,
      { key, content: sealed },
      secretLimits.earlierVersions,
    )
    const changed = Object.keys(onlyPresent({ ...change, newName }))
    const details = { changed, ...(key === before.key ? {} : { nameBefore: before.key }) }
    await within.audit.record(eventOf(dependencies, origin, target, 'secret-updated', stored, details))
    return foundOf(target, stored, content)
  })
}

/**
 * Rules may go by names: a new name takes the secret from those who read it by its old one, and gives it to others. So
 * whoever gives one may read the value as it is, and put a secret where it comes to be.
 */
function requireRightToRename(rights: ProjectRights, at: SecretAddress, newName: string): void {
  for (const action of ['read', 'read-value'] as const) {
    requireProjectPermission(rights, action, 'secrets', at)
  }
  for (const action of ['create', 'edit'] as const) {
    requireProjectPermission(rights, action, 'secrets', { ...at, secretName: newName })
  }
}

async function remove(
  dependencies: ChangeSecretsDependencies,
  origin: ChangeOrigin,
  target: Target,
): Promise<FoundSecret> {
  const { entered, at } = target
  requireProjectPermission(entered.rights, 'delete', 'secrets', at)
  const { organizationId } = entered.project
  return dependencies.commit(async (within) => {
    const folder = await lockFolder(within, target)
    const stored = await within.secrets.findByKey(folder.id, at.secretName)
    if (stored === undefined) throw notHere(at)
    const content = await openContent(within.secretKeyring, organizationId, stored)
    await within.secrets.delete(stored.id)
    await within.audit.record(eventOf(dependencies, origin, target, 'secret-deleted', stored, {}))
    return foundOf(target, stored, content)
  })
}

interface LockedFolder {
  readonly id: string
  readonly secretCount: number
  readonly valueBytes: number
}

/**
 * The root of an environment is made on first use; any other folder is there or not. One that was renamed while its lock
 * was waited for is not where rights were judged and the audit would say: it is gone from there.
 */
async function lockFolder(
  { folders, secrets }: SecretChangeScope,
  { environment, path, at }: Target,
): Promise<LockedFolder> {
  const place: FolderPlace = { environmentId: environment.id, path }
  const folder =
    (await folders.findFolder(place)) ??
    (path.length === 0 ? await folders.ensureRoot(environment.id) : undefined)
  const state = folder && (await secrets.lockFolder(folder.id))
  // Under the lock nobody renames it any more, nor a folder that it is in.
  const isThere = path.length === 0 || (await folders.findFolder(place))?.id === folder?.id
  if (folder === undefined || state === undefined || !isThere) {
    throw new ApiError('NotFound', `There is no folder ${at.secretPath} in ${at.environment}`)
  }
  return { id: folder.id, ...state }
}

function requireRoom({ secretCount, valueBytes }: LockedFolder, value: string): void {
  const { secretsPerFolder, bytesPerFolder } = secretLimits
  if (secretCount >= secretsPerFolder) {
    throw new ApiError('BadRequest', `A folder may hold ${secretsPerFolder} secrets: put it into another`)
  }
  if (valueBytes + Buffer.byteLength(value) > bytesPerFolder) {
    throw new ApiError('BadRequest', `The values in a folder may have ${bytesPerFolder} bytes together`)
  }
}

async function openContent(
  keyring: SecretKeyring,
  organizationId: string,
  stored: StoredSecret,
): Promise<SecretContent> {
  const [value = ''] = await openValues(keyring, organizationId, [stored])
  const [notes] = await openNotes(keyring, organizationId, [stored])
  const { skipMultilineEncoding, reminderRepeatDays, reminderNote, changedBy: by } = stored.content
  return {
    value,
    comment: notes?.comment ?? '',
    metadata: notes?.metadata ?? [],
    skipMultilineEncoding,
    reminderRepeatDays,
    reminderNote,
    changedBy: by,
  }
}

function onlyPresent<Fields extends object>(
  fields: Fields,
): Partial<{ [F in keyof Fields]: NonNullable<Fields[F]> }>
function onlyPresent(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Whoever may write a value but not read it does not get it back, not even the one just written. */
function foundOf(
  { entered, environment, path, at }: Target,
  stored: StoredSecret,
  { comment, metadata, value }: SecretContent,
): FoundSecret {
  const address = { ...at, secretName: stored.key }
  const mayView = entered.rights.can('read-value', 'secrets', address)
  const folder = { environment, path, secretPath: at.secretPath }
  return {
    projectId: entered.project.id,
    secret: { stored, folder, notes: { comment, metadata }, value: mayView ? value : undefined },
  }
}

function changedBy(actor: Actor): ChangedBy {
  return actor.kind === 'identity'
    ? { kind: 'identity', id: actor.identityId, name: actor.identityName }
    : { kind: 'user', id: actor.userId, name: actor.email }
}

function nameTaken(): ApiError {
  return new ApiError('BadRequest', 'There is a secret of this name in the folder already')
}

function notHere({ environment, secretPath }: SecretAddress): ApiError {
  return new ApiError('NotFound', `There is no secret of this name in ${environment} at ${secretPath}`)
}

function attemptDetails({ environment, secretPath, secretName }: NamedSecret): AuditEvent['details'] {
  return { environment, secretPath, secretName }
}

/** Names and places, never a value. */
function eventOf(
  { now }: ChangeSecretsDependencies,
  { actor, requestId, ipAddress }: ChangeOrigin,
  { entered, at }: Target,
  event: AuditEventName,
  { id, key, version }: StoredSecret,
  details: AuditEvent['details'],
): AuditEvent {
  const { id: projectId, organizationId } = entered.project
  return {
    occurredAt: now(),
    organizationId,
    projectId,
    requestId,
    event,
    outcome: 'success',
    actor: auditActorOf(actor),
    ipAddress,
    details: { ...at, secretId: id, secretName: key, version, ...details },
  }
}
