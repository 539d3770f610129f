import type { Kysely } from 'kysely'
import type { Schema } from '../../database/schema.ts'

/** Its id. */
export async function createGateway(
  database: Kysely<Schema>,
  organizationId: string,
  name: string,
): Promise<string> {
  const row = await database
    .insertInto('gateways')
    .values({ organization_id: organizationId, name })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** An identity with a Kubernetes Auth that names the pool; its id. */
export async function attachIdentityToPool(
  database: Kysely<Schema>,
  organizationId: string,
  gatewayPoolId: string,
  name: string,
): Promise<string> {
  const identity = await database
    .insertInto('identities')
    .values({ organization_id: organizationId, name, role: 'no-access' })
    .returning('id')
    .executeTakeFirstOrThrow()
  await database
    .insertInto('kubernetes_auths')
    .values({
      identity_id: identity.id,
      organization_id: organizationId,
      token_review_mode: 'gateway',
      verify_tls_certificate: true,
      allowed_namespaces: '*',
      allowed_names: '*',
      allowed_audience: '',
      gateway_pool_id: gatewayPoolId,
      access_token_ttl_seconds: 60,
      access_token_max_ttl_seconds: 60,
      access_token_num_uses_limit: 0,
      access_token_trusted_ips: '[]',
    })
    .execute()
  return identity.id
}
