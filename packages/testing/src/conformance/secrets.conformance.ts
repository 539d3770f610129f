import { expect, it } from 'vitest'
import { jsonAt, textAt } from '../json-at.ts'
import { aStatus, type The } from './kubernetes-expectations.ts'

const secrets = '/api/v1/namespaces/shop/secrets'
const merge = 'application/merge-patch+json'

export function secretRights(the: The): void {
  const account = async () => {
    await the().allowSecret({ namespace: 'shop', serviceAccountName: 'web', secretName: 'credential' })
    return the().mintToken({ namespace: 'shop', name: 'web' })
  }

  it('lets the account get and patch it', async () => {
    const token = await account()
    const answer = await the().send({ path: `${secrets}/credential`, token })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ kind: 'Secret', apiVersion: 'v1', type: 'Opaque' })
    expect(jsonAt(answer.json, 'metadata')).toMatchObject({
      name: 'credential',
      namespace: 'shop',
      resourceVersion: expect.stringMatching(/^\d+$/),
    })
    const body = { data: { key: Buffer.from('value').toString('base64') } }
    const patched = await the().send({
      method: 'PATCH',
      path: `${secrets}/credential`,
      token,
      body,
      contentType: merge,
    })
    expect(patched.status).toBe(200)
    expect(await the().readSecret('shop', 'credential')).toEqual({ key: Buffer.from('value') })
  })

  it.each([
    {
      title: 'get another Secret',
      method: 'GET',
      path: `${secrets}/other`,
      details: { name: 'other', kind: 'secrets' },
    },
    {
      title: 'patch another Secret',
      method: 'PATCH',
      path: `${secrets}/other`,
      details: { name: 'other', kind: 'secrets' },
    },
    { title: 'list Secrets', method: 'GET', path: secrets, details: { kind: 'secrets' } },
    { title: 'create a Secret', method: 'POST', path: secrets, details: { kind: 'secrets' } },
    {
      title: 'delete it',
      method: 'DELETE',
      path: `${secrets}/credential`,
      details: { name: 'credential', kind: 'secrets' },
    },
    {
      title: 'get it elsewhere',
      method: 'GET',
      path: '/api/v1/namespaces/default/secrets/credential',
      details: { name: 'credential', kind: 'secrets' },
    },
  ] as const)('does not let the account $title', async ({ method, path, details }) => {
    const token = await account()
    const body =
      method === 'GET' || method === 'DELETE'
        ? {}
        : { body: { metadata: { name: 'new' } }, contentType: merge }
    expect(await the().send({ method, path, token, ...body })).toMatchObject(
      aStatus(403, 'Forbidden', details),
    )
  })
}

export function changingSecrets(the: The): void {
  const name = 'changing'
  const path = `${secrets}/${name}`
  const patch = async (body: unknown, contentType: string) =>
    the().send({ method: 'PATCH', path, token: the().adminToken, body, contentType })
  const fresh = async () => {
    await the().send({ method: 'DELETE', path, token: the().adminToken })
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { kept: 'old' } }
    return the().send({ method: 'POST', path: secrets, token: the().adminToken, body })
  }

  it('encodes what is given as text', async () => {
    expect((await fresh()).status).toBe(201)
    expect(await the().readSecret('shop', name)).toEqual({ kept: Buffer.from('old') })
  })

  it.each([merge, 'application/strategic-merge-patch+json'])(
    'merges and removes by %s',
    async (contentType) => {
      await fresh()
      expect((await patch({ stringData: { added: 'new' } }, contentType)).status).toBe(200)
      expect(await the().readSecret('shop', name)).toEqual({
        kept: Buffer.from('old'),
        added: Buffer.from('new'),
      })
      expect((await patch({ data: { kept: null } }, contentType)).status).toBe(200)
      expect(await the().readSecret('shop', name)).toEqual({ added: Buffer.from('new') })
    },
  )

  it('adds, replaces, removes and tests by a JSON patch', async () => {
    await fresh()
    const contentType = 'application/json-patch+json'
    const value = Buffer.from('new').toString('base64')
    expect((await patch([{ op: 'add', path: '/data/added', value }], contentType)).status).toBe(200)
    expect((await patch([{ op: 'replace', path: '/data/kept', value }], contentType)).status).toBe(200)
    expect(await the().readSecret('shop', name)).toEqual({
      kept: Buffer.from('new'),
      added: Buffer.from('new'),
    })
    expect((await patch([{ op: 'remove', path: '/data/kept' }], contentType)).status).toBe(200)
    expect(await patch([{ op: 'test', path: '/data/added', value: 'x' }], contentType)).toMatchObject(
      aStatus(422, 'Invalid'),
    )
    expect(await the().readSecret('shop', name)).toEqual({ added: Buffer.from('new') })
  })

  it('answers 409 to a patch of a version that is not the latest', async () => {
    const resourceVersion = textAt((await fresh()).json, 'metadata', 'resourceVersion')
    expect((await patch({ metadata: { resourceVersion }, stringData: { a: '1' } }, merge)).status).toBe(200)
    const late = await patch({ metadata: { resourceVersion }, stringData: { a: '2' } }, merge)
    expect(late).toMatchObject(aStatus(409, 'Conflict', { name, kind: 'secrets' }))
    expect(await the().readSecret('shop', name)).toMatchObject({ a: Buffer.from('1') })
  })

  it('answers 415 to a patch of no known kind', async () => {
    await fresh()
    expect(await patch({}, 'application/json')).toMatchObject(aStatus(415, 'UnsupportedMediaType'))
  })

  it('answers 422 to a patch that is not Base64', async () => {
    await fresh()
    expect(await patch({ data: { kept: '***' } }, merge)).toMatchObject(aStatus(422, 'Invalid'))
  })

  it('answers 409 to a name that is taken, 404 to a missing Secret and to a missing namespace', async () => {
    await fresh()
    const token = the().adminToken
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name } }
    expect(await the().send({ method: 'POST', path: secrets, token, body })).toMatchObject(
      aStatus(409, 'AlreadyExists', {
        name,
        kind: 'secrets',
      }),
    )
    expect(await the().send({ path: `${secrets}/none`, token })).toMatchObject(
      aStatus(404, 'NotFound', {
        name: 'none',
        kind: 'secrets',
      }),
    )
    expect(await the().readSecret('shop', 'none')).toBeUndefined()
    const nowhere = await the().send({
      method: 'POST',
      path: '/api/v1/namespaces/nowhere/secrets',
      token,
      body,
    })
    expect(nowhere).toMatchObject(aStatus(404, 'NotFound', { name: 'nowhere', kind: 'namespaces' }))
  })
}
