import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { NewSecret, SealedContent, SecretStore, StoredSecret } from './secret-store.ts'
import type { PlainProject } from './test/create-project.ts'

export interface SecretStoreFixture {
  store: SecretStore
  createProject: () => Promise<PlainProject>
  /** With its parents; the root where there are no names. @returns the id of the last */
  createFolder: (project: PlainProject, environmentId: string, ...path: string[]) => Promise<string>
  createImport: (project: PlainProject, folderId: string) => Promise<void>
  deleteFolder: (folderId: string) => Promise<void>
}

const limits = { secretsPerReply: 100, bytesPerReply: 1_000 }

function contentOf(value: string, more: Partial<SealedContent> = {}): SealedContent {
  return {
    value: Buffer.from(value),
    comment: null,
    metadata: [],
    hiddenMetadata: null,
    skipMultilineEncoding: null,
    reminderRepeatDays: null,
    reminderNote: null,
    changedBy: { kind: 'identity', id: 'id', name: 'web' },
    ...more,
  }
}

/** What every store of secrets must do. */
export function describeSecretStore(fixture: () => SecretStoreFixture): void {
  async function createPlace() {
    const { createProject, createFolder } = fixture()
    const project = await createProject()
    const [environmentId] = project.environmentIds
    const folderId = await createFolder(project, environmentId, 'app')
    const insert = (key: string, value = 'value', into = folderId): Promise<StoredSecret> =>
      fixture().store.insert(newSecret(project, into, key, value))
    return { project, environmentId, folderId, insert }
  }
  const newSecret = (
    { projectId }: PlainProject,
    folderId: string,
    key: string,
    value: string,
  ): NewSecret => ({ id: randomUUID(), projectId, folderId, key, content: contentOf(value) })

  describe('a store of secrets', () => {
    it('keeps all of a secret as its first version, and finds it by its key in its folder only', async () => {
      const { project, folderId, environmentId } = await createPlace()
      const { store, createFolder } = fixture()
      const content = contentOf('sealed', {
        comment: Buffer.from('comment'),
        metadata: [{ key: 'team', value: 'payments' }, { key: 'hidden' }],
        hiddenMetadata: Buffer.from('hidden'),
        skipMultilineEncoding: true,
        reminderRepeatDays: 7,
        reminderNote: 'rotate',
      })
      const secret = { ...newSecret(project, folderId, 'KEY', ''), content }
      const stored = await store.insert(secret)
      const { createdAt, updatedAt, ...rest } = stored
      expect(rest).toEqual({ ...secret, version: 1 })
      expect(createdAt).toEqual(updatedAt)
      expect(await store.findByKey(folderId, 'KEY')).toEqual(stored)
      expect(await store.findByKey(folderId, 'key')).toBeUndefined()
      const other = await createFolder(project, environmentId, 'other')
      expect(await store.findByKey(other, 'KEY')).toBeUndefined()
    })

    it('takes a key once in a folder, and again in another', async () => {
      const { project, environmentId, insert } = await createPlace()
      const other = await fixture().createFolder(project, environmentId, 'other')
      await insert('KEY')
      await expect(insert('KEY')).rejects.toThrow('duplicate key')
      expect((await insert('KEY', 'value', other)).folderId).toBe(other)
    })

    it('finds folders by their paths, and says whether they import', async () => {
      const { project, environmentId, folderId } = await createPlace()
      const { store, createFolder, createImport } = fixture()
      const deep = await createFolder(project, environmentId, 'app', 'db')
      const find = async (...path: string[]) => (await store.findFolders([{ environmentId, path }]))[0]
      expect(await find('app')).toEqual({ id: folderId, revision: 0, hasImports: false })
      expect(await find('app', 'db')).toMatchObject({ id: deep })
      for (const path of [['db'], ['App'], ['app', 'db', 'x'], ['']])
        expect(await find(...path)).toBeUndefined()
      const [, elsewhere] = project.environmentIds
      const places = [
        { environmentId, path: ['app', 'db'] },
        { environmentId: elsewhere, path: [] },
        { environmentId, path: [] },
        { environmentId, path: ['db', 'app'] },
        { environmentId, path: ['app'] },
        { environmentId, path: ['app', 'db'] },
        { environmentId: elsewhere, path: ['app'] },
      ]
      const ids = (await store.findFolders(places)).map((state) => state?.id)
      const root = await createFolder(project, environmentId)
      expect(ids).toEqual([deep, undefined, root, undefined, folderId, deep, undefined])
      expect(await store.findFolders([])).toEqual([])
      await createImport(project, deep)
      expect(await find('app', 'db')).toMatchObject({ hasImports: true })
      const states = await store.statesOf([deep, folderId, randomUUID()])
      expect(new Map(states.map((state) => [state.id, state.hasImports]))).toEqual(
        new Map([
          [deep, true],
          [folderId, false],
        ]),
      )
    })

    it('gives a folder a new revision with each change, and reads it with what is in it', async () => {
      const { folderId, insert } = await createPlace()
      const { store } = fixture()
      const revision = async () => (await store.contentsOf([folderId], limits)) as Map<string, unknown>
      expect((await revision()).get(folderId)).toEqual({ revision: 0, secrets: [] })
      expect(await store.lockFolder(folderId)).toEqual({ secretCount: 0, valueBytes: 0 })
      const [b, a] = [await insert('b', '12345'), await insert('B', '123')]
      expect(await store.lockFolder(folderId)).toEqual({ secretCount: 2, valueBytes: 8 })
      expect((await revision()).get(folderId)).toEqual({ revision: 2, secrets: [a, b] })
      expect(await store.statesOf([folderId])).toEqual([{ id: folderId, revision: 2, hasImports: false }])
      expect(await store.lockFolder(randomUUID())).toBeUndefined()
    })

    it('reads several folders only as far as their secrets are within one reply', async () => {
      const { project, environmentId, folderId, insert } = await createPlace()
      const { store, createFolder } = fixture()
      const other = await createFolder(project, environmentId, 'other')
      await insert('A', 'x'.repeat(600))
      await insert('B', 'x'.repeat(400), other)
      const both = [folderId, other]
      expect(await store.contentsOf(both, limits)).toBeInstanceOf(Map)
      expect(await store.contentsOf(both, { ...limits, bytesPerReply: 999 })).toBe('too-much')
      expect(await store.contentsOf(both, { ...limits, secretsPerReply: 1 })).toBe('too-much')
      // One alone is held within its own limits when it is written.
      expect(await store.contentsOf([folderId], { ...limits, bytesPerReply: 1 })).toBeInstanceOf(Map)
    })

    it('makes the present an earlier version, by the name that it had, and lets the oldest go', async () => {
      const { insert } = await createPlace()
      const { store } = fixture()
      let present = await insert('OLD', 'value 1')
      const written = [present]
      for (let version = 2; version <= 5; version += 1) {
        const content = contentOf(`value ${version}`)
        present = await store.replace(present, { key: version === 2 ? 'NEW' : present.key, content }, 3)
        written.unshift(present)
      }
      const { id } = present
      expect([present.version, present.key]).toEqual([5, 'NEW'])
      expect(present.createdAt).toEqual(written.at(-1)?.createdAt)
      expect(await store.countVersions(id)).toBe(4)
      expect(await store.listVersions(id, { offset: 0, limit: 10 })).toEqual(written.slice(0, 4))
      expect(await store.listVersions(id, { offset: 1, limit: 2 })).toEqual(written.slice(1, 3))
      expect(await store.findVersion(id, 5)).toEqual(present)
      expect(await store.findVersion(id, 2)).toEqual(written[3])
      expect(await store.findVersion(id, 1)).toBeUndefined()
      expect(await store.findVersion(randomUUID(), 5)).toBeUndefined()
    })

    it('says where a secret is that is asked for by its id', async () => {
      const { project, environmentId, insert } = await createPlace()
      const { store, createFolder } = fixture()
      const secret = await insert('KEY', 'value', await createFolder(project, environmentId, 'app', 'db'))
      expect(await store.locate(secret.id)).toEqual({ secret, environmentId, path: ['app', 'db'] })
      const atRoot = await insert('KEY', 'value', await createFolder(project, environmentId))
      expect(await store.locate(atRoot.id)).toMatchObject({ path: [] })
      expect(await store.locate(randomUUID())).toBeUndefined()
    })

    it('deletes a secret with its versions, and with its folder', async () => {
      const { folderId, insert } = await createPlace()
      const { store, deleteFolder } = fixture()
      const secret = await insert('KEY')
      await store.replace(secret, { key: 'KEY', content: contentOf('next') }, 10)
      await store.delete(secret.id)
      expect(await store.findByKey(folderId, 'KEY')).toBeUndefined()
      expect(await store.countVersions(secret.id)).toBe(0)
      const other = await insert('OTHER')
      await deleteFolder(folderId)
      expect(await store.locate(other.id)).toBeUndefined()
      expect(await store.contentsOf([folderId], limits)).toEqual(new Map())
    })
  })
}
