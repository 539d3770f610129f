import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { findPostmaster, isPostmasterOf, parsePostmasterFile } from './postmaster.ts'

const file =
  '4711\n/data/postgres/cluster\n1795310727\n5432\n/data/postgres/socket\n\n 10182787         4\nready   \n'

describe('parsePostmasterFile', () => {
  it('reads the process and the folder of its socket', () => {
    expect(parsePostmasterFile(file)).toEqual({ pid: 4711, socketFolder: '/data/postgres/socket' })
  })

  it('reads what a server has written so far', () => {
    expect(parsePostmasterFile('4711\n/data')).toEqual({ pid: 4711, socketFolder: '' })
  })

  it.each(['', '\n', '0\n', '1\n', '-5\n', '1.5\n', 'x\n', '99999999999999999999\n'])(
    'refuses %j',
    (text) => {
      expect(parsePostmasterFile(text)).toBeUndefined()
    },
  )

  it('gives a process id that can be signalled or nothing, whatever the file holds', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const pid = parsePostmasterFile(text)?.pid ?? 2
        expect(Number.isSafeInteger(pid) && pid > 1).toBe(true)
      }),
    )
  })
})

describe('findPostmaster', () => {
  let cluster: string
  beforeEach(async () => {
    cluster = await realpath(await mkdtemp(join(tmpdir(), 'cluster-')))
  })
  afterEach(() => rm(cluster, { recursive: true }))

  it('finds nothing without a file', async () => {
    expect(await findPostmaster(cluster)).toBeUndefined()
  })

  it('does not believe a file that names a process which is no PostgreSQL, such as this one', async () => {
    await writeFile(join(cluster, 'postmaster.pid'), file.replace('4711', String(process.pid)))
    expect(await findPostmaster(cluster)).toBeUndefined()
    expect(await isPostmasterOf(process.cwd(), process.pid)).toBe(false)
  })
})
