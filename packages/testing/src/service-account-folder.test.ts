import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createServiceAccountFolder } from './service-account-folder.ts'

function countingCluster() {
  let minted = 0
  return { caCert: 'certificate', mintToken: async () => `token-${++minted}` }
}

const account = { namespace: 'shop', name: 'web' }

it('holds what a pod finds: token, certificate and namespace', async () => {
  const folder = await createServiceAccountFolder({ cluster: countingCluster(), ...account })
  const files = ['token', 'ca.crt', 'namespace'].map(async (name) =>
    readFile(join(folder.path, name), 'utf8'),
  )
  expect(await Promise.all(files)).toEqual(['token-1', 'certificate', 'shop'])
  await folder.close()
  await expect(stat(folder.path)).rejects.toThrow(/ENOENT/)
})

it('rotates by one rename, behind links that stay', async () => {
  const folder = await createServiceAccountFolder({ cluster: countingCluster(), ...account })
  const before = await readlink(join(folder.path, '..data'))
  expect(await folder.rotate()).toBe('token-2')
  expect(await readFile(join(folder.path, 'token'), 'utf8')).toBe('token-2')
  expect(await readlink(join(folder.path, '..data'))).not.toBe(before)
  expect(await readlink(join(folder.path, 'token'))).toBe('..data/token')
  const left = await readdir(folder.path)
  expect(left).toHaveLength(5)
  expect(left).not.toContain(before)
  await folder.close()
})

it('puts the given token and certificate in place', async () => {
  const folder = await createServiceAccountFolder({ cluster: countingCluster(), ...account })
  expect(await folder.rotate({ token: 'expired', caCert: 'other' })).toBe('expired')
  expect(await readFile(join(folder.path, 'token'), 'utf8')).toBe('expired')
  expect(await readFile(join(folder.path, 'ca.crt'), 'utf8')).toBe('other')
  await folder.close()
})

it('T51 shows a reader all of the old or all of the new, never a file that is missing', async () => {
  const folder = await createServiceAccountFolder({ cluster: countingCluster(), ...account })
  const rotations = (async () => {
    for (let count = 0; count < 30; count++) await folder.rotate()
  })()
  const seen = new Set<string>()
  for (let read = 0; read < 200; read++) seen.add(await readFile(join(folder.path, 'token'), 'utf8'))
  await rotations
  expect([...seen].every((token) => /^token-\d+$/.test(token))).toBe(true)
  await folder.close()
})
