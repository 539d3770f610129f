import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Schema } from '../../database/schema.ts'

export async function createOrganization(database: Kysely<Schema>): Promise<string> {
  const slug = randomUUID()
  const row = await database
    .insertInto('organizations')
    .values({ name: slug, slug, wrapped_key: Buffer.alloc(0) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** An identity with a Kubernetes Auth that names the gateway; its id. */
export async function attachIdentity(
  database: Kysely<Schema>,
  organizationId: string,
  gatewayId: string,
  name: string,
): Promise<string> {
  const identity = await database
    .insertInto('identities')
    .values({
      organization_id: organizationId,
      name,
      role: 'no-access',
      last_login_auth_method: null,
      last_login_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await database
    .insertInto('kubernetes_auths')
    .values({
      identity_id: identity.id,
      organization_id: organizationId,
      token_review_mode: 'gateway',
      kubernetes_host: null,
      ca_cert_encrypted: null,
      verify_tls_certificate: true,
      token_reviewer_jwt_encrypted: null,
      allowed_namespaces: '*',
      allowed_names: '*',
      allowed_audience: '',
      gateway_id: gatewayId,
      access_token_ttl_seconds: 60,
      access_token_max_ttl_seconds: 60,
      access_token_num_uses_limit: 0,
      access_token_trusted_ips: '[]',
    })
    .execute()
  return identity.id
}
