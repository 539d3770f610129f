import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { PlainProject } from '../test/create-project.ts'
import type { SecretImport, SecretImportStore } from './secret-import-store.ts'

export interface SecretImportStoreFixture {
  store: SecretImportStore
  createProject: () => Promise<PlainProject>
  /** Below the root of the first environment. */
  createFolder: (project: PlainProject, name: string) => Promise<string>
}

/** What every store of imports must do. */
export function describeSecretImportStore(fixture: () => SecretImportStoreFixture): void {
  /** A folder that imports these paths of the second environment, in this order. */
  async function createImporting(...paths: readonly string[]) {
    const { store, createProject, createFolder } = fixture()
    const project = await createProject()
    const { projectId, environmentIds } = project
    const [here, source] = environmentIds
    const folderId = await createFolder(project, 'app')
    const add = (
      importedPath: string,
      into = folderId,
      importedEnvironmentId = source,
    ): Promise<SecretImport> =>
      store.create({ projectId, folderId: into, importedEnvironmentId, importedPath, isReplication: false })
    for (const path of paths) await add(path)
    const list = () => store.importsOf([folderId])
    const pathsNow = async () => (await list()).map(({ importedPath }) => importedPath)
    const idOf = async (path: string): Promise<string> =>
      (await list()).find(({ importedPath }) => importedPath === path)?.id ?? ''
    return { project, here, source, folderId, add, list, pathsNow, idOf }
  }

  describe('a store of imports', () => {
    it('puts each import behind the others of its folder', async () => {
      const { project, source, folderId, add, list } = await createImporting('/a', '/b')
      const { store, createFolder } = fixture()
      const other = await createFolder(project, 'other')
      expect(await add('/a', other)).toMatchObject({ folderId: other, position: 1 })
      const found = await list()
      expect(found.map(({ importedPath, position }) => [importedPath, position])).toEqual([
        ['/a', 1],
        ['/b', 2],
      ])
      expect(found[0]).toEqual({
        id: expect.any(String),
        projectId: project.projectId,
        folderId,
        position: 1,
        importedEnvironmentId: source,
        importedPath: '/a',
        isReplication: false,
        createdAt: expect.any(Date),
        updatedAt: expect.any(Date),
      })
      expect(await store.find(found[0]?.id ?? '')).toEqual(found[0])
      expect(await store.find(randomUUID())).toBeUndefined()
      expect(await store.importsOf([folderId, other])).toHaveLength(3)
      expect(await store.importsOf([])).toEqual([])
    })

    it('holds the same import of a folder once', async () => {
      const { add, here } = await createImporting('/a')
      await expect(add('/a')).rejects.toThrow('duplicate key')
      expect((await add('/a', undefined, here)).position).toBe(2)
    })

    it('moves an import, and the others make room', async () => {
      for (const [path, position, expected] of [
        ['/a', 3, ['/b', '/c', '/a', '/d']],
        ['/d', 1, ['/d', '/a', '/b', '/c']],
        ['/b', 2, ['/a', '/b', '/c', '/d']],
        ['/b', 99, ['/a', '/c', '/d', '/b']],
      ] as const) {
        const { idOf, pathsNow, list } = await createImporting('/a', '/b', '/c', '/d')
        await fixture().store.update(await idOf(path), { position })
        expect(await pathsNow()).toEqual(expected)
        expect((await list()).map((one) => one.position)).toEqual([1, 2, 3, 4])
      }
    })

    it('changes where an import leads to, and nothing that is not named', async () => {
      const { idOf, here, pathsNow } = await createImporting('/a', '/b')
      const { store } = fixture()
      const id = await idOf('/a')
      expect(await store.update(id, { importedPath: '/x' })).toMatchObject({
        id,
        importedPath: '/x',
        position: 1,
      })
      expect(await store.update(id, { importedEnvironmentId: here })).toMatchObject({
        importedEnvironmentId: here,
        importedPath: '/x',
      })
      expect(await pathsNow()).toEqual(['/x', '/b'])
      expect(await store.update(randomUUID(), { position: 1 })).toBeUndefined()
    })

    it('deletes an import, and the others close the gap', async () => {
      const { idOf, list, pathsNow } = await createImporting('/a', '/b', '/c')
      const { store } = fixture()
      const id = await idOf('/b')
      expect(await store.delete(id)).toMatchObject({ id, importedPath: '/b' })
      expect(await store.delete(id)).toBeUndefined()
      expect(await pathsNow()).toEqual(['/a', '/c'])
      expect((await list()).map((one) => one.position)).toEqual([1, 2])
    })

    it('follows a folder that gets another path, and whatever is below it', async () => {
      const { add, here, source, pathsNow } = await createImporting('/app', '/app/db', '/apple', '/')
      await add('/app', undefined, here)
      const { store } = fixture()
      const rename = { environmentId: source, from: ['app'], to: ['shop'] }
      expect(await store.followRename(rename)).toBe(2)
      expect(await pathsNow()).toEqual(['/shop', '/shop/db', '/apple', '/', '/app'])
      expect(await store.followRename(rename)).toBe(0)
    })

    it('leaves an import behind where the folder imports the new path already', async () => {
      const { source, pathsNow } = await createImporting('/old', '/new')
      const { store } = fixture()
      expect(await store.followRename({ environmentId: source, from: ['old'], to: ['new'] })).toBe(0)
      expect(await pathsNow()).toEqual(['/old', '/new'])
    })

    it('knows which environments there are', async () => {
      const { source } = await createImporting()
      const { store } = fixture()
      expect([await store.holdSource(source), await store.holdSource(randomUUID())]).toEqual([true, false])
    })
  })
}
