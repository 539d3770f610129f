import type { Insertable, Kysely, Selectable } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { KubernetesAuth, KubernetesAuthSettings } from './kubernetes-auth.ts'
import type { KubernetesAuthStore, SaveKubernetesAuthOutcome } from './kubernetes-auth-store.ts'

import { type SealedField, sealedFieldContext } from './sealed-fields.ts'

/** Encryption under the organization's key; the context binds a ciphertext to its place (keyring/). */
export interface OrganizationKeyring {
  encryptFor(organizationId: string, context: string, plaintext: string): Promise<Buffer>
  decryptFor(organizationId: string, context: string, ciphertext: Buffer): Promise<string>
}

type Row = Selectable<Schema['kubernetes_auths']>
type SettingsColumns = Omit<
  Insertable<Schema['kubernetes_auths']>,
  'id' | 'identity_id' | 'organization_id' | 'created_at' | 'updated_at'
>
type Place = Pick<KubernetesAuth, 'identityId' | 'organizationId'>

/** PostgreSQL, appendix A. */
const uniqueViolation = '23505'
const foreignKeyViolation = '23503'

export function createKubernetesAuthStorePostgres(
  database: Kysely<Schema>,
  keyring: OrganizationKeyring,
): KubernetesAuthStore {
  return {
    find: async (identityId) => {
      const row = await database
        .selectFrom('kubernetes_auths')
        .selectAll()
        .where('identity_id', '=', identityId)
        .executeTakeFirst()
      return row && fromRow(row, keyring)
    },
    attach: async ({ id, organizationId }, settings) => {
      const columns = await toColumns({ identityId: id, organizationId }, settings, keyring)
      // In whole milliseconds, as Dates are: a state is compared by this column.
      const now = new Date()
      return saved(keyring, () =>
        database
          .insertInto('kubernetes_auths')
          .values({
            ...columns,
            identity_id: id,
            organization_id: organizationId,
            created_at: now,
            updated_at: now,
          })
          .returningAll()
          .executeTakeFirst(),
      )
    },
    update: async (current, settings) => {
      const columns = await toColumns(current, settings, keyring)
      return saved(keyring, () =>
        database
          .updateTable('kubernetes_auths')
          .set({ ...columns, updated_at: laterThan(current.updatedAt) })
          .where('id', '=', current.id)
          .where('updated_at', '=', current.updatedAt)
          .returningAll()
          .executeTakeFirst(),
      )
    },
    detach: async (identityId) => {
      const row = await database
        .deleteFrom('kubernetes_auths')
        .where('identity_id', '=', identityId)
        .returningAll()
        .executeTakeFirst()
      return row && fromRow(row, keyring)
    },
    findOrganizationSlug: async (organizationId) => {
      const row = await database
        .selectFrom('organizations')
        .select('slug')
        .where('id', '=', organizationId)
        .executeTakeFirst()
      return row?.slug
    },
  }
}

async function saved(
  keyring: OrganizationKeyring,
  write: () => Promise<Row | undefined>,
): Promise<SaveKubernetesAuthOutcome> {
  try {
    const row = await write()
    return row === undefined
      ? { kind: 'changed-meanwhile' }
      : { kind: 'saved', auth: await fromRow(row, keyring) }
  } catch (error) {
    const state = error instanceof Error && 'code' in error ? error.code : undefined
    if (state === uniqueViolation) return { kind: 'already-attached' }
    if (state === foreignKeyViolation) return { kind: 'reference-gone' }
    throw error
  }
}

async function toColumns(
  { identityId, organizationId }: Place,
  settings: KubernetesAuthSettings,
  keyring: OrganizationKeyring,
): Promise<SettingsColumns> {
  const { accessToken, caCert, tokenReviewerJwt } = settings
  return {
    token_review_mode: settings.tokenReviewMode,
    kubernetes_host: settings.kubernetesHost,
    ca_cert_encrypted:
      caCert === ''
        ? null
        : await keyring.encryptFor(organizationId, sealedFieldContext('ca-cert', identityId), caCert),
    verify_tls_certificate: settings.verifyTlsCertificate,
    token_reviewer_jwt_encrypted:
      tokenReviewerJwt === null
        ? null
        : await keyring.encryptFor(
            organizationId,
            sealedFieldContext('token-reviewer-jwt', identityId),
            tokenReviewerJwt,
          ),
    allowed_namespaces: settings.allowedNamespaces,
    allowed_names: settings.allowedNames,
    allowed_audience: settings.allowedAudience,
    gateway_id: settings.gatewayId,
    gateway_pool_id: settings.gatewayPoolId,
    access_token_ttl_seconds: accessToken.ttlSeconds,
    access_token_max_ttl_seconds: accessToken.maxTtlSeconds,
    access_token_num_uses_limit: accessToken.numUsesLimit,
    access_token_trusted_ips: JSON.stringify(accessToken.trustedIps),
  }
}

async function fromRow(row: Row, keyring: OrganizationKeyring): Promise<KubernetesAuth> {
  const { identity_id: identityId, organization_id: organizationId } = row
  const decrypted = async (what: SealedField, ciphertext: Buffer | null): Promise<string | null> =>
    ciphertext && keyring.decryptFor(organizationId, sealedFieldContext(what, identityId), ciphertext)
  return {
    id: row.id,
    identityId,
    organizationId,
    tokenReviewMode: row.token_review_mode,
    kubernetesHost: row.kubernetes_host,
    caCert: (await decrypted('ca-cert', row.ca_cert_encrypted)) ?? '',
    verifyTlsCertificate: row.verify_tls_certificate,
    tokenReviewerJwt: await decrypted('token-reviewer-jwt', row.token_reviewer_jwt_encrypted),
    allowedNamespaces: row.allowed_namespaces,
    allowedNames: row.allowed_names,
    allowedAudience: row.allowed_audience,
    gatewayId: row.gateway_id,
    gatewayPoolId: row.gateway_pool_id,
    accessToken: {
      ttlSeconds: row.access_token_ttl_seconds,
      maxTtlSeconds: row.access_token_max_ttl_seconds,
      numUsesLimit: row.access_token_num_uses_limit,
      trustedIps: row.access_token_trusted_ips,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function laterThan(moment: Date): Date {
  return new Date(Math.max(Date.now(), moment.getTime() + 1))
}
