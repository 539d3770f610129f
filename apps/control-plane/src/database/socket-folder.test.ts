import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'

import { fitsSocket, makeSocketFolder, socketUrl } from './socket-folder.ts'

describe('makeSocketFolder', () => {
  const made: string[] = []
  afterEach(async () => {
    for (const path of made.splice(0)) await rm(path, { recursive: true, force: true })
  })

  it('goes elsewhere exactly when the system could not listen at the path', async () => {
    const longest = `/${'x'.repeat(87)}`
    expect([fitsSocket(longest), fitsSocket(`${longest}xxxxxxxxxxxxxxxx`)]).toEqual([true, false])
  })

  it('makes a folder that the system can listen in, however deep its parent', async () => {
    const { path, isTemporary } = await makeSocketFolder(join(tmpdir(), 'y'.repeat(120)))
    made.push(path)
    expect(isTemporary).toBe(true)
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.on('error', reject)
      server.listen(join(path, '.s.PGSQL.5432'), resolve)
    })
    server.close()
  })
})

describe('socketUrl', () => {
  it.each(['/data/socket', '/with space/ö,"%?#&=/socket'])(
    'names the folder %j as the driver reads it',
    (folder) => {
      const client = new pg.Client({ connectionString: socketUrl(folder, 'postern') })
      expect([client.host, client.database, client.user]).toEqual([folder, 'postern', 'postern'])
    },
  )
})
