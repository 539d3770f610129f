import type { SecretImport } from './imports/secret-import-store.ts'
import { parseSecretPath } from './folders/folder-paths.ts'
import { secretLimits } from './secret-limits.ts'
import {
  type FoundIn,
  type PlacedFolder,
  type SecretReading,
  addressOf,
  secretsOf,
} from './secret-reading.ts'

/** What of imports/ this needs. */
export interface ImportsOf {
  importsOf(folderIds: readonly string[]): Promise<readonly SecretImport[]>
}

/** One import of a folder, with everything that comes through it. */
export interface ImportedFolder {
  readonly folder: PlacedFolder
  /** One for each name: the folder's own before those of its imports, a later import's before an earlier one's. */
  readonly secrets: readonly FoundIn[]
}

/**
 * The imports of folders in their order. What an imported folder imports itself comes with it, from the places that the
 * reader may read; a folder that has come through an import already is not followed again, so circles end. An import that
 * leads nowhere, or to where the reader may read nothing, is left out without a word.
 */
export async function readImports(
  reading: SecretReading,
  imports: ImportsOf,
  folders: readonly PlacedFolder[],
): Promise<ImportedFolder[]> {
  const importing = folders.filter(({ contents }) => contents.hasImports)
  if (importing.length === 0) return []
  const budget = { foldersLeft: secretLimits.importedFolders }
  const direct = await imports.importsOf(importing.map(({ contents }) => contents.folderId))
  const imported: ImportedFolder[] = []
  for (const one of direct) {
    const folder = await readSource(reading, one, budget)
    if (folder === undefined || folder.contents.folderId === one.folderId) continue
    const through = new Set([one.folderId, folder.contents.folderId])
    const secrets = await gather({ reading, imports, budget, through }, folder, 1)
    if (secrets.size > 0 || mayReadAt(reading, folder)) {
      imported.push({ folder, secrets: [...secrets.values()] })
    }
  }
  return imported
}

interface Gathering {
  reading: SecretReading
  imports: ImportsOf
  budget: { foldersLeft: number }
  /** Folders that came through this import already. */
  through: Set<string>
}

type ByName = Map<string, FoundIn>

async function gather(gathering: Gathering, folder: PlacedFolder, depth: number): Promise<ByName> {
  const { reading, imports, budget, through } = gathering
  const byName: ByName = new Map()
  for (const secret of secretsOf(folder)) {
    if (reading.sight.can('read', addressOf(secret))) byName.set(secret.stored.key, secret)
  }
  if (!folder.contents.hasImports || depth >= secretLimits.importDepth) return byName
  const direct = await imports.importsOf([folder.contents.folderId])
  for (const one of direct.toReversed()) {
    const source = await readSource(reading, one, budget)
    if (source === undefined || through.has(source.contents.folderId)) continue
    through.add(source.contents.folderId)
    for (const [name, secret] of await gather(gathering, source, depth + 1)) {
      if (!byName.has(name)) byName.set(name, secret)
    }
  }
  return byName
}

/** What stands at the other end may have gone, or may come to be. */
async function readSource(
  reading: SecretReading,
  { importedEnvironmentId, importedPath }: SecretImport,
  budget: { foldersLeft: number },
): Promise<PlacedFolder | undefined> {
  const environment = reading.entered.environments.find(({ id }) => id === importedEnvironmentId)
  if (environment === undefined || budget.foldersLeft <= 0) return undefined
  budget.foldersLeft -= 1
  return reading.folderAt({ environment, path: parseSecretPath(importedPath) })
}

function mayReadAt({ sight }: SecretReading, { environment, secretPath }: PlacedFolder): boolean {
  return sight.can('read', { environment: environment.slug, secretPath, secretName: '' })
}
