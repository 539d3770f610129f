import { type Kysely, type Selectable, type Transaction, sql } from 'kysely'
import { inTransaction } from '../database/commit.ts'
import type { Schema } from '../database/schema.ts'
import {
  type GatewayKubernetesAuth,
  type GatewayKubernetesSettings,
  isSameTrust,
} from './gateway-kubernetes-auth.ts'
import type {
  GatewayKubernetesAuthStore,
  GatewayPlace,
  SaveAuthOutcome,
} from './gateway-kubernetes-auth-store.ts'
import { type SealedField, sealedFieldContext } from './sealed-fields.ts'

/** Encryption under the organization's key; the context binds a ciphertext to its place (keyring/). */
export interface OrganizationKeyring {
  encryptFor(organizationId: string, context: string, plaintext: string): Promise<Buffer>
  decryptFor(organizationId: string, context: string, ciphertext: Buffer): Promise<string>
}

type Row = Selectable<Schema['gateway_kubernetes_auths']>

export function createGatewayKubernetesAuthStorePostgres(
  database: Kysely<Schema>,
  keyring: OrganizationKeyring,
): GatewayKubernetesAuthStore {
  return {
    find: (gatewayId) => find(database, keyring, gatewayId),
    listOf: async (organizationId) => {
      const rows = await database
        .selectFrom('gateway_kubernetes_auths')
        .selectAll()
        .where('organization_id', '=', organizationId)
        .execute()
      return Promise.all(rows.map((row) => fromRow(row, keyring)))
    },
    save: (place, settings, at) =>
      inTransaction(database, (transaction) => save(transaction, keyring, { place, settings, at })),
    remove: (place, at) => inTransaction(database, (transaction) => remove(transaction, place, at)),
  }
}

async function find(
  database: Kysely<Schema>,
  keyring: OrganizationKeyring,
  gatewayId: string,
): Promise<GatewayKubernetesAuth | undefined> {
  const row = await database
    .selectFrom('gateway_kubernetes_auths')
    .selectAll()
    .where('gateway_id', '=', gatewayId)
    .executeTakeFirst()
  return row && fromRow(row, keyring)
}

interface Saving {
  place: GatewayPlace
  settings: GatewayKubernetesSettings
  at: Date
}

async function save(
  transaction: Transaction<Schema>,
  keyring: OrganizationKeyring,
  { place, settings, at }: Saving,
): Promise<SaveAuthOutcome> {
  const { reviewerGatewayId } = settings
  if (reviewerGatewayId !== null) {
    const problem = await checkReviewer(transaction, place, reviewerGatewayId)
    if (problem !== undefined) return { kind: problem }
  }
  if (!(await lockGateway(transaction, place))) return { kind: 'not-found' }
  const before = await find(transaction, keyring, place.gatewayId)
  const columns = await columnsOf(place, settings, keyring)
  const updatedAt = new Date(Math.max(at.getTime(), (before?.updatedAt.getTime() ?? 0) + 1))
  const row = await transaction
    .insertInto('gateway_kubernetes_auths')
    .values({
      ...columns,
      gateway_id: place.gatewayId,
      organization_id: place.organizationId,
      updated_at: updatedAt,
    })
    .onConflict((conflict) =>
      conflict.column('gateway_id').doUpdateSet({ ...columns, updated_at: updatedAt }),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
  await transaction
    .updateTable('gateways')
    .set({ revoked_at: null, updated_at: sql<Date>`now()` })
    .where('id', '=', place.gatewayId)
    .execute()
  const isTrustKept = before !== undefined && isSameTrust(before, settings)
  const retiredKeyIds = isTrustKept ? [] : await retireCredentials(transaction, place.gatewayId, at)
  return { kind: 'saved', auth: await fromRow(row, keyring), retiredKeyIds }
}

/**
 * The organization's row is locked, so that two gateways cannot come to vouch for each other in the same moment; and the
 * reviewer's, so that it is not deleted meanwhile.
 */
async function checkReviewer(
  transaction: Transaction<Schema>,
  { gatewayId, organizationId }: GatewayPlace,
  reviewerGatewayId: string,
): Promise<'reviewer-gone' | 'cycle' | undefined> {
  await transaction
    .selectFrom('organizations')
    .select('id')
    .where('id', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  const reviewer = await transaction
    .selectFrom('gateways')
    .select('id')
    .where('id', '=', reviewerGatewayId)
    .where('organization_id', '=', organizationId)
    .forKeyShare()
    .executeTakeFirst()
  if (reviewer === undefined) return 'reviewer-gone'
  const { rows } = await sql<{ isCycle: boolean }>`
    with recursive vouchers (gateway_id) as (
      select ${reviewerGatewayId}::uuid
      union
      select auth.reviewer_gateway_id from gateway_kubernetes_auths auth
      join vouchers on vouchers.gateway_id = auth.gateway_id
      where auth.reviewer_gateway_id is not null
    )
    select exists (select from vouchers where gateway_id = ${gatewayId}::uuid) as "isCycle"
  `.execute(transaction)
  return rows[0]?.isCycle === true ? 'cycle' : undefined
}

async function remove(
  transaction: Transaction<Schema>,
  place: GatewayPlace,
  at: Date,
): Promise<{ retiredKeyIds: string[] }> {
  if (!(await lockGateway(transaction, place))) return { retiredKeyIds: [] }
  const removed = await transaction
    .deleteFrom('gateway_kubernetes_auths')
    .where('gateway_id', '=', place.gatewayId)
    .executeTakeFirst()
  if (removed.numDeletedRows === 0n) return { retiredKeyIds: [] }
  return { retiredKeyIds: await retireCredentials(transaction, place.gatewayId, at) }
}

async function lockGateway(
  transaction: Transaction<Schema>,
  { gatewayId, organizationId }: GatewayPlace,
): Promise<boolean> {
  const gateway = await transaction
    .selectFrom('gateways')
    .select('id')
    .where('id', '=', gatewayId)
    .where('organization_id', '=', organizationId)
    .forUpdate()
    .executeTakeFirst()
  return gateway !== undefined
}

async function retireCredentials(
  transaction: Transaction<Schema>,
  gatewayId: string,
  at: Date,
): Promise<string[]> {
  await transaction
    .updateTable('gateway_enrolment_tokens')
    .set({ superseded_at: at })
    .where('gateway_id', '=', gatewayId)
    .where('used_at', 'is', null)
    .where('superseded_at', 'is', null)
    .execute()
  const retired = await transaction
    .updateTable('gateway_keys')
    .set({ retired_at: at })
    .where('gateway_id', '=', gatewayId)
    .where((key) => key.or([key('retired_at', 'is', null), key('retired_at', '>', at)]))
    .returning('id')
    .execute()
  return retired.map(({ id }) => id)
}

async function columnsOf(
  { gatewayId, organizationId }: GatewayPlace,
  settings: GatewayKubernetesSettings,
  keyring: OrganizationKeyring,
) {
  const encrypted = async (what: SealedField, text: string | null): Promise<Buffer | null> =>
    text === null || text === ''
      ? null
      : keyring.encryptFor(organizationId, sealedFieldContext(what, gatewayId), text)
  return {
    token_review_mode: settings.tokenReviewMode,
    kubernetes_host: settings.kubernetesHost,
    ca_cert_encrypted: await encrypted('ca-cert', settings.caCert),
    verify_tls_certificate: settings.verifyTlsCertificate,
    token_reviewer_jwt_encrypted: await encrypted('token-reviewer-jwt', settings.tokenReviewerJwt),
    reviewer_gateway_id: settings.reviewerGatewayId,
    allowed_namespaces: settings.allowedNamespaces,
    allowed_names: settings.allowedNames,
    allowed_audience: settings.allowedAudience,
  }
}

async function fromRow(row: Row, keyring: OrganizationKeyring): Promise<GatewayKubernetesAuth> {
  const { gateway_id: gatewayId, organization_id: organizationId } = row
  const decrypted = async (what: SealedField, ciphertext: Buffer | null): Promise<string | null> =>
    ciphertext && keyring.decryptFor(organizationId, sealedFieldContext(what, gatewayId), ciphertext)
  return {
    gatewayId,
    organizationId,
    tokenReviewMode: row.token_review_mode,
    kubernetesHost: row.kubernetes_host,
    caCert: (await decrypted('ca-cert', row.ca_cert_encrypted)) ?? '',
    verifyTlsCertificate: row.verify_tls_certificate,
    tokenReviewerJwt: await decrypted('token-reviewer-jwt', row.token_reviewer_jwt_encrypted),
    reviewerGatewayId: row.reviewer_gateway_id,
    allowedNamespaces: row.allowed_namespaces,
    allowedNames: row.allowed_names,
    allowedAudience: row.allowed_audience,
    updatedAt: row.updated_at,
  }
}
