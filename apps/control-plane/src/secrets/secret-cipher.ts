import type { SealedContent, StoredSecret } from './secret-store.ts'

/** What of keyring/ this needs. */
export interface SecretKeyring {
  encryptFor(organizationId: string, context: string, plaintext: string): Promise<Buffer>
  decryptAllFor(
    organizationId: string,
    sealed: readonly { context: string; ciphertext: Buffer }[],
  ): Promise<string[]>
}

export interface MetadataEntry {
  readonly key: string
  readonly value: string
  readonly isEncrypted: boolean
}

/** What a version of a secret holds, in the clear. */
export interface SecretContent extends Omit<
  SealedContent,
  'value' | 'comment' | 'metadata' | 'hiddenMetadata'
> {
  readonly value: string
  readonly comment: string
  readonly metadata: readonly MetadataEntry[]
}

/** Names the version for which something is sealed: no version's value opens as that of another, nor another secret's. */
export interface SecretPlace {
  readonly projectId: string
  readonly id: string
  readonly version: number
}

/** Parts of a secret that are sealed, each by itself: a list of names opens no value. */
export const sealedParts = ['value', 'comment', 'hidden-metadata'] as const
export type SealedPart = (typeof sealedParts)[number]

export function secretContext({ projectId, id, version }: SecretPlace, part: SealedPart): string {
  return `secret/${projectId}/${id}/${version}/${part}`
}

export async function sealContent(
  keyring: SecretKeyring,
  organizationId: string,
  place: SecretPlace,
  content: SecretContent,
): Promise<SealedContent> {
  const seal = (part: SealedPart, text: string): Promise<Buffer> =>
    keyring.encryptFor(organizationId, secretContext(place, part), text)
  const { value, comment, metadata, ...rest } = content
  const hidden = metadata.filter(({ isEncrypted }) => isEncrypted)
  return {
    ...rest,
    value: await seal('value', value),
    comment: comment === '' ? null : await seal('comment', comment),
    metadata: metadata.map(({ key, value: entry, isEncrypted }) =>
      isEncrypted ? { key } : { key, value: entry },
    ),
    hiddenMetadata:
      hidden.length === 0
        ? null
        : await seal(
            'hidden-metadata',
            JSON.stringify(Object.fromEntries(hidden.map(({ key, value: entry }) => [key, entry]))),
          ),
  }
}

/** The values of many secrets of one organization, in the order given. */
export function openValues(
  keyring: SecretKeyring,
  organizationId: string,
  secrets: readonly StoredSecret[],
): Promise<string[]> {
  return keyring.decryptAllFor(
    organizationId,
    secrets.map((secret) => ({ context: secretContext(secret, 'value'), ciphertext: secret.content.value })),
  )
}

/** Everything about a secret but its value. */
export interface SecretNotes {
  readonly comment: string
  readonly metadata: readonly MetadataEntry[]
}

/** Opens nothing where there is nothing. In the order given. */
export async function openNotes(
  keyring: SecretKeyring,
  organizationId: string,
  secrets: readonly StoredSecret[],
): Promise<SecretNotes[]> {
  const sealed = secrets.flatMap((secret) => {
    const { comment, hiddenMetadata } = secret.content
    return [
      ...(comment === null ? [] : [{ context: secretContext(secret, 'comment'), ciphertext: comment }]),
      ...(hiddenMetadata === null
        ? []
        : [{ context: secretContext(secret, 'hidden-metadata'), ciphertext: hiddenMetadata }]),
    ]
  })
  const opened = sealed.length === 0 ? [] : await keyring.decryptAllFor(organizationId, sealed)
  let next = 0
  const take = (ciphertext: Buffer | null): string => {
    if (ciphertext === null) return ''
    next += 1
    return opened[next - 1] ?? ''
  }
  return secrets.map(({ content }) => {
    const comment = take(content.comment)
    const hidden = hiddenOf(take(content.hiddenMetadata))
    const metadata = content.metadata.map(({ key, value }) => ({
      key,
      value: value ?? hidden.get(key) ?? '',
      isEncrypted: value === undefined,
    }))
    return { comment, metadata }
  })
}

function hiddenOf(json: string): ReadonlyMap<string, string> {
  if (json === '') return new Map()
  const parsed: unknown = JSON.parse(json)
  return new Map(
    Object.entries(parsed ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
