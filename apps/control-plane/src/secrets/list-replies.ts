import type { Actor } from '../permissions/actor.ts'
import type { EnteredProject, ProjectAccess } from '../projects/project-access.ts'
import { joinPath } from './folders/folder-paths.ts'
import type { KeptReplies, ReplyContent } from './kept-replies.ts'
import { type ListOptions, type ListSecretsDependencies, listSecrets } from './list-secrets.ts'
import { type NamedPlace, placeWithin } from './named-place.ts'
import { createReadTrace, type ReadTrace } from './read-trace.ts'
import { listBody } from './secret-reply.ts'
import type { FolderPlace } from './secret-store.ts'

export interface ListRepliesDependencies extends ListSecretsDependencies {
  access: ProjectAccess
  kept: KeptReplies
}

export interface ListReplyOptions extends ListOptions {
  /** With the actor's rights, but without what would be listed. */
  readonly isEmpty: boolean
}

/**
 * Lists as they are sent. Who asks must be let into the project each time; what they get then depends on nothing but
 * their rights, the project's environments, the place, the options and what is in the folders on the way.
 */
export interface ListReplies {
  /** Throws ApiErrors. */
  listAt(actor: Actor, named: NamedPlace, options: ListReplyOptions): Promise<ReplyContent>
}

export function createListReplies(dependencies: ListRepliesDependencies): ListReplies {
  const { access, kept } = dependencies
  const nameOf = createViewNames()
  return {
    listAt: async (actor, named, options) => {
      const entered = await access.enter(actor, named)
      const place = placeWithin(entered, named)
      const key = JSON.stringify([nameOf(entered), place.environment.slug, joinPath(place.path), options])
      const found = await kept.find(key)
      if (found !== undefined) return found
      const trace = createReadTrace()
      const list = await listSecrets(following(trace, dependencies), entered, place, options)
      const shown = options.isEmpty ? { ...list, secrets: [], imports: [] } : list
      return kept.keep(key, trace, Buffer.from(JSON.stringify(listBody(shown, options.includeImports))))
    },
  }
}

/** Secrets themselves need no question of their own: a folder's revision, which is asked for, stands for them. */
function following(
  trace: ReadTrace,
  { store, folders, imports, folderSecrets, keyring }: ListRepliesDependencies,
): ListSecretsDependencies {
  return {
    store: {
      findFolder: trace.follow((place: FolderPlace) => store.findFolder(place)),
      statesOf: trace.follow((folderIds: readonly string[]) => store.statesOf(folderIds)),
    },
    folders: {
      listBelow: trace.follow((from: { folderId: string; depthMax: number }) => folders.listBelow(from)),
    },
    imports: { importsOf: trace.follow((folderIds: readonly string[]) => imports.importsOf(folderIds)) },
    folderSecrets,
    keyring,
  }
}

/** Names a project as somebody sees it, in the same words for everybody who sees the same. */
function createViewNames(): (entered: EnteredProject) => string {
  const words = new WeakMap<object, string>()
  const inWords = (part: object, wordsOf: () => unknown): string => {
    const known = words.get(part) ?? JSON.stringify(wordsOf())
    words.set(part, known)
    return known
  }
  return ({ project, environments, rights }) => {
    const places = inWords(environments, () => environments.map(({ id, slug }) => [id, slug]))
    const rules = inWords(rights, () => rights.roles.map((role) => role.rules))
    return `${project.organizationId} ${project.id} ${places} ${rules}`
  }
}
