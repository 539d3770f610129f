import { encryptionKeyResponse } from '@postern/api-contract/encryption-key'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCommit } from '../database/commit.ts'
import { type TestDatabase, createTestDatabase } from '../database/test/create-test-database.ts'
import { sealedFieldContext as gatewayContext } from '../gateways/sealed-fields.ts'
import { startHttpServer } from '../http/test/start-http-server.ts'
import { keyNumberOf } from '../keyring/sealed-bytes.ts'
import { createKubernetesAuthStorePostgres } from '../kubernetes-auth/kubernetes-auth-store-postgres.ts'
import { identityActor } from '../permissions/test/actor-fixtures.ts'
import { type SecretFeature, startSecretFeature } from '../secrets/test/start-secret-feature.ts'
import { registerKeyRotationRoutes } from './key-rotation-routes.ts'
import { createKeyRotationStorePostgres } from './key-rotation-store-postgres.ts'
import type { SealedTable } from './key-rotation-store.ts'
import { type ReencryptionDependencies, reencryptEverything } from './reencrypt.ts'
import { createRotateOrganizationKey } from './rotate-organization-key.ts'

const tenMinutesMs = 10 * 60_000

let database: TestDatabase
let feature: SecretFeature
let admin: string
let url: string
let role: string
let aheadMs: number
let warnings: object[]

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.close())
beforeEach(async () => {
  feature = await startSecretFeature(database.kysely)
  admin = feature.enter('admin')
  role = 'admin'
  aheadMs = 0
  warnings = []
  const server = await startHttpServer((routes) =>
    registerKeyRotationRoutes(routes, {
      authenticate: () => Promise.resolve(identityActor({ role, organizationId: feature.organizationId })),
      store: createKeyRotationStorePostgres(database.kysely),
      rotate: createRotateOrganizationKey({
        commit: createCommit(database.kysely, (transaction) => ({
          keyRotation: createKeyRotationStorePostgres(transaction),
          audit: feature.audit,
        })),
        keyring: feature.keyring,
        auditLog: feature.audit,
        now: () => new Date(),
      }),
    }),
  )
  url = server.url
  return async () => {
    await server.close()
    await feature.close()
  }
})

async function call(method: string, path: string): Promise<{ status: number; body: unknown }> {
  const reply = await fetch(`${url}/api/v1/organization/encryption-key${path}`, { method })
  return { status: reply.status, body: await reply.json() }
}

async function rotate() {
  return encryptionKeyResponse.parse((await call('POST', '/rotate')).body).encryptionKey
}

function reencrypt(
  change: { wrap?: (table: SealedTable) => SealedTable; signal?: AbortSignal } = {},
): Promise<void> {
  const { wrap = (table) => table, signal = new AbortController().signal } = change
  const store = createKeyRotationStorePostgres(database.kysely)
  const dependencies: ReencryptionDependencies = {
    store: {
      ...store,
      // Others' keys may be of other tests.
      organizationsWithEarlierKeys: () => Promise.resolve([feature.organizationId]),
      tables: store.tables.map(wrap),
    },
    keyring: feature.keyring,
    auditLog: feature.audit,
    logger: { info: () => undefined, warn: (fields) => void warnings.push(fields) },
    now: () => new Date(Date.now() + aheadMs),
  }
  return reencryptEverything(dependencies, signal)
}

/** Of everything that is encrypted for the organization: how much under which key. */
async function keysInUse(): Promise<Record<string, number>> {
  const { rows } = await sql<{ sealed: Buffer }>`
    with mine as (select id from projects where organization_id = ${feature.organizationId})
    select unnest(array[value_encrypted, comment_encrypted, hidden_metadata_encrypted]) as sealed from secrets
      where project_id in (select id from mine)
    union all
    select unnest(array[v.value_encrypted, v.comment_encrypted, v.hidden_metadata_encrypted]) from secret_versions v
      join secrets s on s.id = v.secret_id where s.project_id in (select id from mine)
    union all
    select unnest(array[ca_cert_encrypted, token_reviewer_jwt_encrypted]) from kubernetes_auths
      where organization_id = ${feature.organizationId}
    union all
    select unnest(array[ca_cert_encrypted, token_reviewer_jwt_encrypted]) from gateway_kubernetes_auths
      where organization_id = ${feature.organizationId}`.execute(database.kysely)
  const counts: Record<string, number> = {}
  for (const { sealed } of rows) {
    if (sealed === null) continue
    counts[keyNumberOf(sealed)] = (counts[keyNumberOf(sealed)] ?? 0) + 1
  }
  return counts
}

async function readValues(): Promise<Record<string, string>> {
  const query = { projectId: feature.project.id, environment: 'dev' }
  feature.keyring.forgetKeysOf(feature.organizationId)
  const { body } = await feature.call('GET', '/api/v3/secrets/raw', { as: admin, query })
  return Object.fromEntries(
    body.secrets.map((one: { secretKey: string; secretValue: string }) => [one.secretKey, one.secretValue]),
  )
}

async function writeSecret(name: string): Promise<void> {
  const place = { projectId: feature.project.id, environment: 'dev' }
  await feature.call('POST', `/api/v4/secrets/${name}`, {
    as: admin,
    body: {
      ...place,
      secretValue: 'first',
      secretComment: 'c',
      secretMetadata: [{ key: 'k', value: 'v', isEncrypted: true }],
    },
  })
  await feature.call('PATCH', `/api/v4/secrets/${name}`, {
    as: admin,
    body: { ...place, secretValue: `value of ${name}` },
  })
}

describe('the rotation of an organization’s key', () => {
  it.each(['member', 'no-access'])('is denied to %s, and written down', async (denied) => {
    role = denied
    expect(await call('POST', '/rotate')).toMatchObject({
      status: 403,
      body: { details: { action: 'edit', subject: 'organization' } },
    })
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'organization-key-rotated',
      outcome: 'denied',
    })
    expect((await call('GET', '')).status).toBe(403)
  })

  it('makes a new key for what is written from then on, and needs no pause for what was written before', async () => {
    await writeSecret('BEFORE')
    expect(encryptionKeyResponse.parse((await call('GET', '')).body).encryptionKey).toEqual({
      number: 1,
      earlier: [],
    })
    expect(await rotate()).toMatchObject({ number: 2, earlier: [{ number: 1 }] })
    await writeSecret('AFTER')
    expect(await keysInUse()).toEqual({ 1: 6, 2: 6 })
    expect(await readValues()).toEqual({ BEFORE: 'value of BEFORE', AFTER: 'value of AFTER' })
    expect(feature.audit.events).toContainEqual(
      expect.objectContaining({
        event: 'organization-key-rotated',
        details: { number: 2 },
      }),
    )
  })

  it('is refused while too much is still to be encrypted anew', async () => {
    for (let number = 2; number <= 6; number += 1) await rotate()
    expect((await call('POST', '/rotate')).status).toBe(400)
    expect(encryptionKeyResponse.parse((await call('GET', '')).body).encryptionKey.number).toBe(6)
  })

  it('ends with everything under the newest key, and the earlier one gone when nothing can need it', async () => {
    await writeSecret('KEY')
    const identity = await addIdentity()
    const kubernetesAuths = createKubernetesAuthStorePostgres(database.kysely, feature.keyring)
    await kubernetesAuths.attach(identity, {
      tokenReviewMode: 'api',
      kubernetesHost: 'https://cluster.example',
      caCert: 'pem',
      verifyTlsCertificate: true,
      tokenReviewerJwt: 'jwt',
      allowedNamespaces: '*',
      allowedNames: '*',
      allowedAudience: '',
      gatewayId: null,
      gatewayPoolId: null,
      accessToken: { ttlSeconds: 60, maxTtlSeconds: 60, numUsesLimit: 0, trustedIps: [] },
    })
    const gatewayId = await addGatewayAuth()
    await rotate()
    await rotate()
    expect(await keysInUse()).toEqual({ 1: 10 })

    await reencrypt()
    expect(await keysInUse()).toEqual({ 3: 10 })
    // Other processes may still write under it.
    await reencrypt()
    expect(encryptionKeyResponse.parse((await call('GET', '')).body).encryptionKey.earlier).toHaveLength(2)

    aheadMs = tenMinutesMs + 60_000
    await reencrypt()
    expect(encryptionKeyResponse.parse((await call('GET', '')).body).encryptionKey).toEqual({
      number: 3,
      earlier: [],
    })
    expect(feature.audit.events.at(-1)).toMatchObject({
      event: 'organization-earlier-keys-removed',
      details: { numbers: [1, 2] },
    })
    expect(await readValues()).toEqual({ KEY: 'value of KEY' })
    const query = { projectId: feature.project.id, environment: 'dev', version: '1' }
    const { body } = await feature.call('GET', '/api/v4/secrets/KEY', { as: admin, query })
    expect(body.secret).toMatchObject({
      secretValue: 'first',
      secretComment: 'c',
      secretMetadata: [{ key: 'k', value: 'v', isEncrypted: true }],
    })
    expect(await kubernetesAuths.find(identity.id)).toMatchObject({ caCert: 'pem', tokenReviewerJwt: 'jwt' })
    const { rows } = await sql<{ sealed: Buffer }>`
      select ca_cert_encrypted as sealed from gateway_kubernetes_auths where gateway_id = ${gatewayId}`.execute(
      database.kysely,
    )
    const [row] = rows
    expect(
      row &&
        (await feature.keyring.decryptFor(
          feature.organizationId,
          gatewayContext('ca-cert', gatewayId),
          row.sealed,
        )),
    ).toBe('pem')
    expect(warnings).toEqual([])
  })

  it('goes on where it was stopped', async () => {
    for (const name of ['A', 'B', 'C', 'D']) await writeSecret(name)
    await rotate()
    const stopping = new AbortController()
    let replaced = 0
    const stopAfterFive = (table: SealedTable): SealedTable => ({
      ...table,
      replace: async (...row) => {
        if (replaced === 5) throw new Error('stopped')
        replaced += 1
        return table.replace(...row)
      },
    })
    await reencrypt({ wrap: stopAfterFive, signal: stopping.signal })
    expect(await keysInUse()).toEqual({ 1: 19, 2: 5 })
    await reencrypt()
    expect(await keysInUse()).toEqual({ 2: 24 })
  })

  it('leaves to others what they change meanwhile', async () => {
    await writeSecret('KEY')
    await rotate()
    const overtaken = (table: SealedTable): SealedTable => ({
      ...table,
      replace: async (key, cell, resealed) => {
        await sql`update ${sql.table(table.name)} set ${sql.ref(cell.column)} = 'changed'::bytea
          where ${sql.ref(cell.column)} = ${cell.sealed}`.execute(database.kysely)
        return table.replace(key, cell, resealed)
      },
    })
    await reencrypt({ wrap: overtaken })
    const { rows } = await sql<{ text: string }>`
      select encode(value_encrypted, 'escape') as text from secrets where project_id = ${feature.project.id}`.execute(
      database.kysely,
    )
    expect(rows).toEqual([{ text: 'changed' }])
  })

  it('keeps a key for as long as something cannot be encrypted anew, and says what', async () => {
    await writeSecret('KEY')
    await rotate()
    await sql`update secrets set comment_encrypted = 'broken'::bytea where project_id = ${feature.project.id}`.execute(
      database.kysely,
    )
    aheadMs = tenMinutesMs + 60_000
    for (let round = 0; round < 3; round += 1) await reencrypt()
    expect(encryptionKeyResponse.parse((await call('GET', '')).body).encryptionKey.earlier).toHaveLength(1)
    expect(warnings).toContainEqual(
      expect.objectContaining({ table: 'secrets', column: 'comment_encrypted' }),
    )
    expect(await keysInUse()).toMatchObject({ 2: 5 })
  })
})

async function addIdentity(): Promise<{ id: string; organizationId: string }> {
  const { organizationId } = feature
  const { id } = await database.kysely
    .insertInto('identities')
    .values({ organization_id: organizationId, name: 'ci', role: 'no-access' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { id, organizationId }
}

async function addGatewayAuth(): Promise<string> {
  const { organizationId, keyring } = feature
  const { id } = await database.kysely
    .insertInto('gateways')
    .values({ organization_id: organizationId, name: 'edge' })
    .returning('id')
    .executeTakeFirstOrThrow()
  await database.kysely
    .insertInto('gateway_kubernetes_auths')
    .values({
      gateway_id: id,
      organization_id: organizationId,
      token_review_mode: 'api',
      kubernetes_host: 'https://cluster.example',
      ca_cert_encrypted: await keyring.encryptFor(organizationId, gatewayContext('ca-cert', id), 'pem'),
      token_reviewer_jwt_encrypted: await keyring.encryptFor(
        organizationId,
        gatewayContext('token-reviewer-jwt', id),
        'jwt',
      ),
      verify_tls_certificate: true,
      allowed_namespaces: '*',
      allowed_names: '*',
      allowed_audience: 'postern',
    })
    .execute()
  return id
}
