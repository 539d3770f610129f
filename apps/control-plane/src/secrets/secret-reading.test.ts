import { describe, expect, it } from 'vitest'
import { projectRightsOf } from '../permissions/project-rights.ts'
import { ApiError } from '../http/api-error.ts'
import type { FolderSecrets } from './folder-secrets.ts'
import { secretLimits } from './secret-limits.ts'
import { createSecretReading } from './secret-reading.ts'
import type { StoredSecret } from './secret-store.ts'

const moment = new Date(0)
const environment = {
  id: 'dev',
  projectId: 'project',
  name: 'dev',
  slug: 'dev',
  position: 1,
  createdAt: moment,
  updatedAt: moment,
}
const project = {
  id: 'project',
  organizationId: 'organization',
  name: 'Shop',
  slug: 'shop',
  description: null,
  type: 'secret-manager',
  hasDeleteProtection: false,
  autoCapitalization: false,
  createdAt: moment,
  updatedAt: moment,
}

function secretNamed(key: string): StoredSecret {
  const content = {
    value: Buffer.alloc(0),
    comment: null,
    metadata: [],
    hiddenMetadata: null,
    skipMultilineEncoding: null,
    reminderRepeatDays: null,
    reminderNote: null,
    changedBy: { kind: 'identity' as const, id: null, name: null },
  }
  return {
    id: key,
    projectId: 'project',
    folderId: 'folder',
    key,
    version: 1,
    content,
    createdAt: moment,
    updatedAt: moment,
  }
}

/** A project in which every path is a folder with so much in it. */
function readingOf({ secrets, sealedBytes }: { secrets: number; sealedBytes: number }) {
  const contents = (id: string): FolderSecrets => ({
    folderId: id,
    byKey: new Map(Array.from({ length: secrets }, (_, at) => [`S${at}`, secretNamed(`S${at}`)])),
    hasImports: false,
    sealedBytes,
  })
  return createSecretReading(
    {
      store: {
        findFolder: ({ path }) => Promise.resolve({ id: path.join('/'), revision: 1, hasImports: false }),
        statesOf: (ids) => Promise.resolve(ids.map((id) => ({ id, revision: 1, hasImports: false }))),
      },
      folderSecrets: {
        read: (states) => Promise.resolve(states.map(({ id }) => contents(id))),
      },
      keyring: {
        encryptFor: () => Promise.reject(new Error('not asked for')),
        decryptAllFor: () => Promise.reject(new Error('not asked for')),
      },
    },
    { project, rights: projectRightsOf([]), environments: [environment], environment: () => environment },
  )
}

async function foldersRead(reading: ReturnType<typeof readingOf>): Promise<number> {
  for (let at = 0; ; at += 1) {
    const read = await reading.folderAt({ environment, path: [`f${at}`] }).catch((error: unknown) => error)
    if (read instanceof ApiError && read.code === 'BadRequest') return at
    if (at > 1000 || read instanceof Error) throw new Error('no end was found', { cause: read })
  }
}

describe('what one request looks at', () => {
  it('ends at so many secrets, through imports and references too', async () => {
    const read = await foldersRead(readingOf({ secrets: 2000, sealedBytes: 0 }))
    expect(read).toBe(secretLimits.secretsPerRequest / 2000)
  })

  it('ends at so many bytes of values', async () => {
    const read = await foldersRead(readingOf({ secrets: 1, sealedBytes: secretLimits.bytesPerFolder }))
    expect(read).toBe(secretLimits.bytesPerRequest / secretLimits.bytesPerFolder)
  })

  it('counts a folder once, however often a request comes by', async () => {
    const reading = readingOf({ secrets: 1, sealedBytes: secretLimits.bytesPerFolder })
    for (let at = 0; at < 20; at += 1) await reading.folderAt({ environment, path: [] })
    await expect(reading.folderAt({ environment, path: [] })).resolves.toBeDefined()
  })
})
