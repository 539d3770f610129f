import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { PlainProject } from '../test/create-project.ts'
import type { Folder, FolderStore } from './folder-store.ts'

export interface FolderStoreFixture {
  store: FolderStore
  createProject: () => Promise<PlainProject>
  createSecret: (project: PlainProject, folderId: string, key: string) => Promise<void>
  createImport: (project: PlainProject, folderId: string) => Promise<void>
}

/** What every store of folders must do. */
export function describeFolderStore(fixture: () => FolderStoreFixture): void {
  async function createTree() {
    const { store, createProject } = fixture()
    const project = await createProject()
    const [environmentId] = project.environmentIds
    const root = await store.ensureRoot(environmentId)
    if (root === undefined) throw new Error('the environment is gone')
    const create = (parentId: string, name: string, description: string | null = null): Promise<Folder> =>
      store.create({ projectId: project.projectId, environmentId, parentId, name, description })
    return { project, environmentId, root, create }
  }

  describe('a store of folders', () => {
    it('makes the root of an environment once, however often it is asked for at once', async () => {
      const { store, createProject } = fixture()
      const { environmentIds } = await createProject()
      const [environmentId, other] = environmentIds
      expect(await store.findFolder({ environmentId, path: [] })).toBeUndefined()
      const roots = await Promise.all(
        Array.from({ length: 5 }, (_, at) =>
          at % 2 === 0 ? store.ensureRoot(environmentId) : store.lockRoot(environmentId),
        ),
      )
      expect(new Set(roots.map((root) => root?.id)).size).toBe(1)
      expect(roots[0]).toMatchObject({ environmentId, parentId: null, name: '', lastSecretModified: null })
      expect(await store.findFolder({ environmentId, path: [] })).toEqual(roots[0])
      expect((await store.ensureRoot(other))?.id).not.toBe(roots[0]?.id)
      expect(await store.ensureRoot(randomUUID())).toBeUndefined()
      expect(await store.lockRoot(randomUUID())).toBeUndefined()
    })

    it('finds a folder by its path and by its id', async () => {
      const { environmentId, root, create } = await createTree()
      const { store } = fixture()
      const app = await create(root.id, 'app', 'what it is')
      const db = await create(app.id, 'db')
      expect(app).toMatchObject({ parentId: root.id, name: 'app', description: 'what it is' })
      expect(await store.findFolder({ environmentId, path: ['app', 'db'] })).toEqual(db)
      for (const path of [['db'], ['App'], ['app', 'db', 'db']]) {
        expect(await store.findFolder({ environmentId, path })).toBeUndefined()
      }
      expect(await store.locate(db.id)).toEqual({ ...db, path: ['app', 'db'] })
      expect(await store.locate(root.id)).toEqual({ ...root, path: [] })
      expect(await store.locate(randomUUID())).toBeUndefined()
      expect(await store.find([db.id, randomUUID()])).toEqual([db])
    })

    it('takes a name once in a folder', async () => {
      const { root, create } = await createTree()
      const app = await create(root.id, 'app')
      await expect(create(root.id, 'app')).rejects.toThrow('duplicate key')
      expect((await create(app.id, 'app')).parentId).toBe(app.id)
    })

    it('lists what is in a folder, and what is below it, parents first', async () => {
      const { environmentId, root, create } = await createTree()
      const { store } = fixture()
      const [b, a] = [await create(root.id, 'b'), await create(root.id, 'B')]
      const [c, d] = [await create(b.id, 'c'), await create(a.id, 'd')]
      expect((await store.childrenOf(root.id)).map(({ id }) => id)).toEqual([a.id, b.id])
      expect(await store.listBelow({ folderId: root.id, depthMax: 5 })).toEqual([
        { id: root.id, path: [] },
        { id: a.id, path: ['B'] },
        { id: d.id, path: ['B', 'd'] },
        { id: b.id, path: ['b'] },
        { id: c.id, path: ['b', 'c'] },
      ])
      expect((await store.listBelow({ folderId: root.id, depthMax: 1 })).map(({ id }) => id)).toEqual([
        root.id,
        a.id,
        b.id,
      ])
      expect(await store.listBelow({ folderId: randomUUID(), depthMax: 5 })).toEqual([])
      expect(await store.countOf(environmentId)).toBe(5)
    })

    it('renames a folder with all below it; a description that is not named stays', async () => {
      const { environmentId, root, create } = await createTree()
      const { store } = fixture()
      const app = await create(root.id, 'app', 'kept')
      const db = await create(app.id, 'db')
      expect(await store.update(app.id, { name: 'shop' })).toMatchObject({
        name: 'shop',
        description: 'kept',
      })
      expect(await store.locate(db.id)).toMatchObject({ path: ['shop', 'db'] })
      expect(await store.findFolder({ environmentId, path: ['app'] })).toBeUndefined()
      expect(await store.update(app.id, { name: 'shop', description: null })).toMatchObject({
        description: null,
      })
      expect(await store.update(randomUUID(), { name: 'x' })).toBeUndefined()
    })

    it('says what is in a folder and below it, as many of each kind as are asked for', async () => {
      const { project, root, create } = await createTree()
      const { store, createSecret, createImport } = fixture()
      const app = await create(root.id, 'app')
      const db = await create(app.id, 'db')
      for (const [folder, key] of [
        [app, 'A'],
        [db, 'B'],
        [root, 'ELSEWHERE'],
      ] as const) {
        await createSecret(project, folder.id, key)
        await createImport(project, folder.id)
      }
      const { folders, secrets, imports } = await store.contentsOf(app.id, 10)
      expect(folders).toEqual([
        { id: app.id, path: [] },
        { id: db.id, path: ['db'] },
      ])
      expect(new Set(secrets.map(({ folderId, key }) => `${folderId} ${key}`))).toEqual(
        new Set([`${app.id} A`, `${db.id} B`]),
      )
      expect(new Set(imports.map(({ folderId }) => folderId))).toEqual(new Set([app.id, db.id]))
      const bounded = await store.contentsOf(app.id, 1)
      expect([bounded.folders.length, bounded.secrets.length, bounded.imports.length]).toEqual([1, 1, 1])
      expect((await store.locate(app.id))?.lastSecretModified).toBeInstanceOf(Date)
    })

    it('deletes a folder with all below it, and nothing else', async () => {
      const { project, environmentId, root, create } = await createTree()
      const { store, createSecret } = fixture()
      const app = await create(root.id, 'app')
      const db = await create(app.id, 'db')
      const other = await create(root.id, 'other')
      await createSecret(project, db.id, 'KEY')
      await store.delete(app.id)
      expect(await store.find([app.id, db.id])).toEqual([])
      expect(await store.listBelow({ folderId: root.id, depthMax: 5 })).toEqual([
        { id: root.id, path: [] },
        { id: other.id, path: ['other'] },
      ])
      expect(await store.countOf(environmentId)).toBe(2)
    })
  })
}
