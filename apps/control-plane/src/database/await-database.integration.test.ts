import { describe, expect, inject, it } from 'vitest'

import { awaitDatabase, refuseOldVersion } from './await-database.ts'
import { openDatabase } from './database.ts'

const logger = { warn: () => undefined }

describe('awaitDatabase', () => {
  it('is content with a server that answers', async () => {
    const database = openDatabase({ url: inject('postgresServerUrl'), poolMax: 1, logger })
    await expect(awaitDatabase(database, { logger })).resolves.toBeUndefined()
    await database.close()
  })

  it('asks again while the server does not answer, and then names the variable and why, not the password', async () => {
    const warnings: string[] = []
    const url = 'postgresql://ann:canary@127.0.0.1:1/postern'
    const database = openDatabase({ url, poolMax: 1, bridgedMsMax: 0, logger })
    const refused = awaitDatabase(database, {
      logger: { warn: (_fields, message) => warnings.push(message) },
      waitMsMax: 600,
    })
    const message = await refused.catch((error: unknown) => String(error))
    await database.close()
    expect(message).toMatch(/DATABASE_URL.*ECONNREFUSED/)
    expect(message).not.toContain('canary')
    expect(warnings.length).toBeGreaterThan(0)
  })

  it('stops asking when the process is told to stop', async () => {
    const database = openDatabase({ url: 'postgresql://127.0.0.1:1/postern', poolMax: 1, logger })
    await expect(awaitDatabase(database, { logger, signal: AbortSignal.abort() })).rejects.toThrow(/abort/)
    await database.close()
  })

  it.each([
    [13, true],
    [14, false],
    [18, false],
  ])('thinks PostgreSQL %i too old: %s', (version, isRefused) => {
    let refusal = ''
    try {
      refuseOldVersion(version)
    } catch (error) {
      refusal = String(error)
    }
    expect(refusal.includes('14 or later')).toBe(isRefused)
  })
})
