import { describe, expect, it } from 'vitest'
import { createFolderSecretsReader } from './folder-secrets.ts'
import { secretLimits } from './secret-limits.ts'
import type { FolderState, StoredSecret } from './secret-store.ts'

function storedSecret(folderId: string, key: string, valueBytes = 10): StoredSecret {
  const moment = new Date(0)
  return {
    id: `${folderId}-${key}`,
    projectId: 'project',
    folderId,
    key,
    version: 1,
    content: {
      value: Buffer.alloc(valueBytes),
      comment: null,
      metadata: [],
      hiddenMetadata: null,
      skipMultilineEncoding: null,
      reminderRepeatDays: null,
      reminderNote: null,
      changedBy: { kind: 'identity', id: null, name: null },
    },
    createdAt: moment,
    updatedAt: moment,
  }
}

/** A database of folders at revisions, which counts what it is asked for. */
function createWorld(options: { bytesMax?: number } = {}) {
  const revisions = new Map<string, number>()
  const reads: string[][] = []
  let elapsedMs = 0
  let isTooMuch = false
  const reader = createFolderSecretsReader({
    store: {
      contentsOf: (folderIds) => {
        reads.push([...folderIds])
        if (isTooMuch) return Promise.resolve('too-much')
        const contents = folderIds.map((id) => {
          const revision = revisions.get(id) ?? 0
          return [id, { revision, secrets: [storedSecret(id, `KEY_${revision}`, 1000)] }] as const
        })
        return Promise.resolve(new Map(contents))
      },
    },
    elapsedMs: () => elapsedMs,
    ...options,
  })
  return {
    reads,
    change: (id: string) => void revisions.set(id, (revisions.get(id) ?? 0) + 1),
    pass: (ms: number) => void (elapsedMs += ms),
    refuse: () => void (isTooMuch = true),
    read: (...ids: string[]) => reader.read(ids.map((id) => stateOf(id, revisions.get(id) ?? 0))),
    readAt: (id: string, revision: number) => reader.read([stateOf(id, revision)]),
  }
}

function stateOf(id: string, revision: number): FolderState {
  return { id, revision, hasImports: false }
}

describe('the secrets of folders', () => {
  it('are read once for each revision, and kept sealed', async () => {
    const world = createWorld()
    for (let time = 0; time < 3; time += 1) {
      const [folder] = await world.read('a')
      expect(folder?.byKey.get('KEY_0')?.content.value).toEqual(Buffer.alloc(1000))
    }
    expect(world.reads).toHaveLength(1)
  })

  it('are never those of before a change', async () => {
    const world = createWorld()
    await world.read('a')
    world.change('a')
    const [folder] = await world.read('a')
    expect([...(folder?.byKey.keys() ?? [])]).toEqual(['KEY_1'])
  })

  it('are not put back by a request that began before a change', async () => {
    const world = createWorld()
    world.change('a')
    await world.read('a')
    await world.readAt('a', 0)
    await world.read('a')
    expect(world.reads).toHaveLength(2)
  })

  it('are read again after half a minute, whatever their revision', async () => {
    const world = createWorld()
    await world.read('a')
    world.pass(29_999)
    await world.read('a')
    expect(world.reads).toHaveLength(1)
    world.pass(1)
    await world.read('a')
    expect(world.reads).toHaveLength(2)
  })

  it('are read together, without those that are known', async () => {
    const world = createWorld()
    await world.read('b')
    const folders = await world.read('a', 'b', 'c')
    expect(folders.map(({ folderId }) => folderId)).toEqual(['a', 'b', 'c'])
    expect(world.reads).toEqual([['b'], ['a', 'c']])
  })

  it('make room for others, the oldest first, and one that is too large is not kept', async () => {
    const bytesOfOne = 1_000 + 1_000 + 1_000 + '[]'.length
    const four = createWorld({ bytesMax: 4 * bytesOfOne })
    for (const id of ['a', 'b', 'c', 'd', 'e']) await four.read(id)
    await four.read('b')
    expect(four.reads).toHaveLength(5)
    await four.read('a')
    expect(four.reads).toHaveLength(6)

    const small = createWorld({ bytesMax: 3 * bytesOfOne })
    await small.read('a')
    await small.read('a')
    expect(small.reads).toHaveLength(2)
  })

  it('are refused where they are more than a reply may hold', async () => {
    const world = createWorld()
    world.refuse()
    await expect(world.read('a', 'b')).rejects.toMatchObject({
      code: 'BadRequest',
      message: expect.stringContaining(String(secretLimits.secretsPerReply)),
    })
  })
})
