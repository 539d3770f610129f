import { ApiError } from '../../http/api-error.ts'
import type { ReadSecret } from '../folder-secrets.ts'
import { secretLimits } from '../secret-limits.ts'
import { type PlacedFolder, type SecretReading, type ShownSecret, addressOf } from '../secret-reading.ts'
import { type ResolvedPiece, expandReferences } from './expand-references.ts'
import { type Reference, type ValuePiece, holdsReference, parseReferences } from './parse-references.ts'

type Folder = ShownSecret['folder']

/** A secret whose value is to be expanded, or is needed for that. */
interface Referring {
  readonly id: string
  readonly folder: Folder
  readonly pieces: readonly ValuePiece[]
}

/**
 * The same secrets with references in their values replaced by the values that they lead to, as far as the reader may
 * read those: each secret on the way needs `read-value`. What leads nowhere stays as it is written, so that one bad
 * reference does not take a whole list from a workload.
 */
export async function expandShown(
  reading: SecretReading,
  shown: readonly ShownSecret[],
): Promise<ShownSecret[]> {
  const roots = shown.flatMap((secret) => referringOf(secret) ?? [])
  if (roots.length === 0) return [...shown]
  const expanded = expandReferences(await collect(reading, roots))
  if (expanded === 'too-long') throw tooLong()
  let characters = 0
  return shown.map((secret) => {
    if (secret.value === undefined) return secret
    const value = expanded.get(idOf(secret.read, secret.folder)) ?? secret.value
    characters += value.length
    if (characters > secretLimits.charactersPerReply) throw tooLong()
    return { ...secret, value }
  })
}

function referringOf({ read, folder, value }: ShownSecret): Referring | undefined {
  if (value === undefined) return undefined
  const pieces = parseReferences(value)
  return holdsReference(pieces) ? { id: idOf(read, folder), folder, pieces } : undefined
}

/** Everything that the roots lead to, level by level, within the limits of one list. */
async function collect(
  reading: SecretReading,
  roots: readonly Referring[],
): Promise<Map<string, ResolvedPiece[]>> {
  const graph = new Map<string, ResolvedPiece[]>()
  const folders = createFolderLookup(reading)
  let sealedBytesLeft: number = secretLimits.bytesPerReply
  let level: readonly Referring[] = roots
  while (level.length > 0) {
    const found = new Map<string, { read: ReadSecret; folder: PlacedFolder }>()
    for (const { id, folder, pieces } of level) {
      const resolved: ResolvedPiece[] = []
      for (const piece of pieces) {
        const target =
          typeof piece === 'string' ? undefined : await findTarget(reading, folders, folder, piece)
        if (target !== undefined) found.set(idOf(target.read, target.folder), target)
        resolved.push(
          typeof piece === 'string'
            ? piece
            : { written: piece.written, target: target && idOf(target.read, target.folder) },
        )
      }
      graph.set(id, resolved)
    }
    const fresh = [...found]
      .filter(([id]) => !graph.has(id))
      .slice(0, Math.max(0, secretLimits.referencedSecrets - graph.size))
    sealedBytesLeft -= fresh.reduce((sum, [, { read }]) => sum + read.stored.content.value.length, 0)
    if (sealedBytesLeft < 0) throw tooLong()
    await reading.openValues(fresh.map(([, { read }]) => read))
    level = fresh.map(([id, { read, folder }]) => ({ id, folder, pieces: parseReferences(read.value ?? '') }))
  }
  return graph
}

async function findTarget(
  { entered, sight }: SecretReading,
  folders: FolderLookup,
  from: Folder,
  reference: Reference,
): Promise<{ read: ReadSecret; folder: PlacedFolder } | undefined> {
  const place =
    reference.environment === undefined
      ? from
      : {
          environment: entered.environments.find(({ slug }) => slug === reference.environment),
          path: reference.path,
        }
  const { environment, path } = place
  if (environment === undefined) return undefined
  const folder = await folders({ environment, path })
  const read = folder?.contents.byKey.get(reference.key)
  if (folder === undefined || read === undefined) return undefined
  return sight.can('read-value', addressOf(read, folder)) ? { read, folder } : undefined
}

type FolderLookup = (place: Pick<Folder, 'environment' | 'path'>) => Promise<PlacedFolder | undefined>

/** Each folder counts once; what lies beyond the limit is as good as not there. */
function createFolderLookup(reading: SecretReading): FolderLookup {
  const seen = new Set<string>()
  return async (place) => {
    seen.add(`${place.environment.id} ${place.path.join('/')}`)
    return seen.size > secretLimits.referencedFolders ? undefined : reading.folderAt(place)
  }
}

function idOf({ stored }: ReadSecret, { environment, secretPath }: Folder): string {
  return `${environment.id} ${secretPath} ${stored.key}`
}

function tooLong(): ApiError {
  return new ApiError(
    'BadRequest',
    'The values of this list are too long together: ask for fewer secrets, or with expandSecretReferences=false',
  )
}
