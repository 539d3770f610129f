import type { SecretList } from './list-secrets.ts'
import type { PlacedFolder, ShownSecret } from './secret-reading.ts'

/** Stands where a value would, for readers who may not have it or did not ask for it. */
export const hiddenValue = '<hidden-by-postern>'

/** A secret as clients know it. What belongs to features that there are not is there, empty, because they read it. */
export function secretBody(projectId: string, secret: ShownSecret) {
  const { createdAt, updatedAt } = secret.stored
  return {
    ...importedBody(projectId, secret),
    secretPath: secret.folder.secretPath,
    tags: [],
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

/** As the lists of imports have it. */
function importedBody(projectId: string, { stored, folder, notes, value }: ShownSecret) {
  const { content } = stored
  return {
    id: stored.id,
    _id: stored.id,
    workspace: projectId,
    environment: folder.environment.slug,
    version: stored.version,
    type: 'shared' as const,
    secretKey: stored.key,
    secretValue: value ?? hiddenValue,
    secretValueHidden: value === undefined,
    secretComment: notes.comment,
    secretReminderNote: content.reminderNote,
    secretReminderRepeatDays: content.reminderRepeatDays,
    skipMultilineEncoding: content.skipMultilineEncoding,
    secretMetadata: notes.metadata.map(({ key, value: entry, isEncrypted }) => ({
      key,
      value: isEncrypted && value === undefined ? hiddenValue : entry,
      isEncrypted,
    })),
    actor: {
      actorId: content.changedBy.id,
      actorType: content.changedBy.kind,
      name: content.changedBy.name,
      membershipId: null,
      groupId: null,
    },
    isRotatedSecret: false as const,
    rotationId: null,
  }
}

function importBody(
  projectId: string,
  { folder, secrets }: { folder: PlacedFolder; secrets: readonly ShownSecret[] },
) {
  return {
    secretPath: folder.secretPath,
    environment: folder.environment.slug,
    folderId: folder.contents.folderId,
    secrets: secrets.map((secret) => importedBody(projectId, secret)),
  }
}

/** Without a check of each field against the schema, which would cost more than all the rest: each is named above. */
export function listBody({ projectId, secrets, imports }: SecretList, withImports: boolean) {
  const body = { secrets: secrets.map((secret) => secretBody(projectId, secret)) }
  return withImports ? { ...body, imports: imports.map((one) => importBody(projectId, one)) } : body
}
