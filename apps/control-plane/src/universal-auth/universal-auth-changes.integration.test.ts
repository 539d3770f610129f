import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addRefusal, setRefused } from '../test/refused-writes.ts'
import type { Reply } from '../test/start-test-app.ts'
import {
  type PosternWithClients,
  startPosternWithClients,
  universalAuthPath,
} from './test/postern-with-clients.ts'

let postern: PosternWithClients
beforeAll(async () => {
  postern = await startPosternWithClients()
  await addRefusal(postern.app)
})
afterAll(() => postern.close())
afterEach(() => setRefused(postern.app, ''))

/** Everything that the changes below may touch. */
async function state(): Promise<unknown> {
  const { kysely } = postern.app.database
  return Promise.all([
    kysely.selectFrom('universal_auths').selectAll().orderBy('id').execute(),
    kysely.selectFrom('client_secrets').selectAll().orderBy('id').execute(),
    kysely.selectFrom('universal_auth_lockouts').selectAll().orderBy('source').execute(),
    kysely.selectFrom('signing_keys').selectAll().orderBy('id').execute(),
    kysely.selectFrom('revocations').selectAll().orderBy('id').execute(),
  ])
}

interface Change {
  title: string
  prepare: () => Promise<() => Promise<Reply>>
  isRevoking?: true
}

const changes: Change[] = [
  {
    title: 'the attachment of a Universal Auth',
    prepare: async () => {
      const url = universalAuthPath(await postern.createIdentity())
      await postern.call('DELETE', url)
      return () => postern.call('POST', url, {})
    },
  },
  {
    title: 'the change of a Universal Auth',
    prepare: async () => {
      const { identityId } = await postern.createClient()
      return () => postern.call('PATCH', universalAuthPath(identityId), { accessTokenTTL: 60 })
    },
  },
  {
    title: 'the removal of a Universal Auth',
    isRevoking: true,
    prepare: async () => {
      const { identityId } = await postern.createClient()
      return () => postern.call('DELETE', universalAuthPath(identityId))
    },
  },
  {
    title: 'a client secret',
    prepare: async () => {
      const { identityId } = await postern.createClient()
      return () => postern.call('POST', `${universalAuthPath(identityId)}/client-secrets`, {})
    },
  },
  {
    title: 'the revocation of a client secret',
    isRevoking: true,
    prepare: async () => {
      const { identityId, clientSecretId } = await postern.createClient()
      const path = `${universalAuthPath(identityId)}/client-secrets/${clientSecretId}/revoke`
      return () => postern.call('POST', path)
    },
  },
  {
    title: 'the end of lockouts',
    prepare: async () => {
      const { identityId, clientId } = await postern.createClient({ lockoutThreshold: 1 })
      await postern.login({ clientId, clientSecret: 'wrong' })
      return () => postern.call('POST', `${universalAuthPath(identityId)}/clear-lockouts`)
    },
  },
  {
    title: 'the revocation of a token by its holder',
    isRevoking: true,
    prepare: async () => {
      const accessToken = await postern.logIn(await postern.createClient())
      return () => postern.app.call('POST', '/api/v1/auth/token/revoke', { body: { accessToken } })
    },
  },
  {
    title: 'the revocation of all tokens of an identity',
    isRevoking: true,
    prepare: async () => {
      const identityId = await postern.createIdentity()
      return () => postern.call('POST', `/api/v1/identities/${identityId}/revoke-tokens`, {})
    },
  },
]

describe.each(changes)('$title', ({ prepare }) => {
  it('is not there when its audit row cannot be written, and is there, row and all, when it can', async () => {
    const change = await prepare()
    const before = await state()
    await setRefused(postern.app, 'audit_events')
    expect(await change()).toMatchObject({ status: 500 })
    expect(await state()).toEqual(before)
    await setRefused(postern.app, '')
    const reply = await change()
    expect(reply.status).toBe(200)
    expect(await state()).not.toEqual(before)
    expect(await postern.auditOf(reply)).toMatchObject([{ outcome: 'success' }])
  })
})

describe.each(changes.filter(({ isRevoking }) => isRevoking))('T41: $title', ({ prepare }) => {
  it('is not there, nor in the audit log, when its revocation cannot be written', async () => {
    const change = await prepare()
    const before = await state()
    await setRefused(postern.app, 'revocations')
    const reply = await change()
    expect(reply.status).toBe(500)
    expect(await state()).toEqual(before)
    expect(await postern.auditOf(reply)).toEqual([])
  })
})

describe('a login', () => {
  it('gives no token when its audit row cannot be written', async () => {
    const client = await postern.createClient()
    await setRefused(postern.app, 'audit_events')
    const reply = await postern.login(client)
    expect(reply.status).toBe(503)
    expect(JSON.stringify(reply.body)).not.toContain('eyJ')
    await setRefused(postern.app, '')
    expect((await postern.login(client)).status).toBe(200)
  })
})
