import { ApiError } from '../../http/api-error.ts'
import { secretLimits } from '../secret-limits.ts'
import {
  type FoundIn,
  type PlacedFolder,
  type PlacedSecret,
  type SecretReading,
  type ShownSecret,
  addressOf,
} from '../secret-reading.ts'
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
    const value = expanded.get(idOf(secret)) ?? secret.value
    characters += value.length
    if (characters > secretLimits.charactersPerReply) throw tooLong()
    return { ...secret, value }
  })
}

function referringOf(secret: ShownSecret): Referring | undefined {
  const { folder, value } = secret
  if (value === undefined) return undefined
  const pieces = parseReferences(value)
  return holdsReference(pieces) ? { id: idOf(secret), folder, pieces } : undefined
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
    const found = new Map<string, FoundIn>()
    for (const { id, folder, pieces } of level) {
      const resolved: ResolvedPiece[] = []
      for (const piece of pieces) {
        const target =
          typeof piece === 'string' ? undefined : await findTarget(reading, folders, folder, piece)
        if (target !== undefined) found.set(idOf(target), target)
        resolved.push(
          typeof piece === 'string' ? piece : { written: piece.written, target: target && idOf(target) },
        )
      }
      graph.set(id, resolved)
    }
    const fresh = [...found]
      .filter(([id]) => !graph.has(id))
      .slice(0, Math.max(0, secretLimits.referencedSecrets - graph.size))
    sealedBytesLeft -= fresh.reduce((sum, [, { stored }]) => sum + stored.content.value.length, 0)
    if (sealedBytesLeft < 0) throw tooLong()
    const values = await reading.openValues(fresh.map(([, { stored }]) => stored))
    level = fresh.map(([id, { stored, folder }]) => ({
      id,
      folder,
      pieces: parseReferences(values.get(stored) ?? ''),
    }))
  }
  return graph
}

async function findTarget(
  { entered, sight }: SecretReading,
  folders: FolderLookup,
  from: Folder,
  reference: Reference,
): Promise<FoundIn | undefined> {
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
  const stored = folder?.contents.byKey.get(reference.key)
  if (folder === undefined || stored === undefined) return undefined
  return sight.can('read-value', addressOf({ stored, folder })) ? { stored, folder } : undefined
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

/** An earlier version may refer to the present one of its own secret. */
function idOf({ stored }: PlacedSecret): string {
  return `${stored.id} ${stored.version}`
}

function tooLong(): ApiError {
  return new ApiError(
    'BadRequest',
    'The values of this list are too long together: ask for fewer secrets, or with expandSecretReferences=false',
  )
}
