import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../database/test/create-test-database.ts'
import { createGatewayCredentialStorePostgres } from './gateway-credential-store-postgres.ts'
import { createGatewayKeyStorePostgres } from './gateway-key-store-postgres.ts'
import { describeGatewayKeyStore } from './gateway-key-store.conformance.ts'
import { createGatewayStorePostgres } from './gateway-store-postgres.ts'
import { createOrganization } from './test/gateway-fixtures.ts'
import { createTestKey } from './test/gateway-tokens.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 20 })
})
afterAll(() => database.close())

async function createGateway(): Promise<{ gatewayId: string; organizationId: string }> {
  const organizationId = await createOrganization(database.kysely)
  const outcome = await createGatewayStorePostgres(database.kysely).create({ organizationId, name: 'berlin' })
  if (outcome.kind !== 'saved') throw new Error(outcome.kind)
  return { gatewayId: outcome.gateway.id, organizationId }
}

describeGatewayKeyStore(() => {
  const credentials = createGatewayCredentialStorePostgres(database.kysely)
  return {
    credentials,
    keys: createGatewayKeyStorePostgres(database.kysely),
    gateways: createGatewayStorePostgres(database.kysely),
    createEnrolled: async (at) => {
      const gateway = await createGateway()
      const [tokenHash, key] = [randomBytes(32), createTestKey()]
      const expiresAt = new Date(at.getTime() + 1000)
      await credentials.createEnrolmentToken({ ...gateway, tokenHash, createdAt: at, expiresAt })
      await credentials.enrol({ tokenHash, keyId: key.keyId, publicKey: key.raw, at })
      return { ...gateway, key }
    },
    createForPods: async () => {
      const gateway = await createGateway()
      const admittedBy = new Date('2026-11-22T11:00:00Z')
      await database.kysely
        .insertInto('gateway_kubernetes_auths')
        .values({
          gateway_id: gateway.gatewayId,
          organization_id: gateway.organizationId,
          token_review_mode: 'api',
          kubernetes_host: 'https://cluster.example',
          verify_tls_certificate: true,
          allowed_namespaces: 'postern',
          allowed_names: '',
          allowed_audience: 'https://postern.example.com',
          updated_at: admittedBy,
        })
        .execute()
      return { ...gateway, admittedBy }
    },
  }
})
