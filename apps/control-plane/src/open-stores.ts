import { createChangeRevocations } from './access-tokens/change-revocations.ts'
import { createAccessTokenUseStorePostgres } from './access-tokens/access-token-use-store-postgres.ts'
import { createRevocationStorePostgres } from './access-tokens/revocation-store-postgres.ts'
import { createSigningKeyStorePostgres } from './access-tokens/signing-key-store-postgres.ts'
import { createAuditEventStorePostgres } from './audit/audit-event-store-postgres.ts'
import { createAuditRetentionStorePostgres } from './audit/audit-retention-store-postgres.ts'
import { createChangeAudit } from './audit/change-audit.ts'
import { createCommit } from './database/commit.ts'
import { createKeyringStore } from './database/keyring-store.ts'
import { createGatewayPoolStorePostgres } from './gateway-pools/gateway-pool-store-postgres.ts'
import { createPoolMemberStorePostgres } from './gateway-pools/pool-member-store-postgres.ts'
import { createGatewayCredentialStorePostgres } from './gateways/gateway-credential-store-postgres.ts'
import { createGatewayKeyStorePostgres } from './gateways/gateway-key-store-postgres.ts'
import { createGatewayKubernetesAuthStorePostgres } from './gateways/gateway-kubernetes-auth-store-postgres.ts'
import { createGatewayStorePostgres } from './gateways/gateway-store-postgres.ts'
import { createIdentityStorePostgres } from './identities/identity-store-postgres.ts'
import { createKubernetesAuthStorePostgres } from './kubernetes-auth/kubernetes-auth-store-postgres.ts'
import { createOrganizationRoleStorePostgres } from './organization-roles/organization-role-store-postgres.ts'
import { createKeyRotationStore } from './open-key-rotation.ts'
import { createPeopleStores } from './open-people.ts'
import { createProjectStores } from './open-projects.ts'
import { createSecretStores } from './open-secrets.ts'
import { createUniversalAuthStores } from './open-universal-auth.ts'
import type { Database } from './database/database.ts'
import type { DatabaseObserver } from './database/database-observer.ts'
import type { Keyring } from './keyring/keyring.ts'

export interface StoresOptions {
  kysely: Database['kysely']
  keyring: Keyring
}

export interface CommitOptions extends StoresOptions {
  observers?: { database?: DatabaseObserver }
}

/** Every store on one transaction, with the audit log and the revocations in it. */
export function openCommit({ kysely, keyring, observers }: CommitOptions) {
  const scopeOf = (transaction: StoresOptions['kysely']) => {
    const ownKeyring = keyring.readingFrom(createKeyringStore({ kysely: transaction }))
    const stores = createStores({ kysely: transaction, keyring: ownKeyring })
    return {
      ...stores,
      secretKeyring: ownKeyring,
      audit: createChangeAudit(stores.auditEvents),
      revocations: createChangeRevocations(stores.revocations),
    }
  }
  return createCommit(kysely, scopeOf, observers?.database)
}

/** Where each feature keeps what it knows: all of it in one database. */
export function createStores({ kysely, keyring }: StoresOptions) {
  return {
    ...createPeopleStores(kysely),
    organizationRoles: createOrganizationRoleStorePostgres(kysely),
    identities: createIdentityStorePostgres(kysely),
    kubernetesAuths: createKubernetesAuthStorePostgres(kysely, keyring),
    ...createUniversalAuthStores(kysely),
    ...createProjectStores(kysely),
    ...createSecretStores(kysely),
    keyRotation: createKeyRotationStore(kysely),
    gateways: createGatewayStorePostgres(kysely),
    gatewayPools: createGatewayPoolStorePostgres(kysely),
    poolMembers: createPoolMemberStorePostgres(kysely),
    gatewayCredentials: createGatewayCredentialStorePostgres(kysely),
    gatewayKeys: createGatewayKeyStorePostgres(kysely),
    gatewayAuths: createGatewayKubernetesAuthStorePostgres(kysely, keyring),
    signingKeys: createSigningKeyStorePostgres(kysely),
    accessTokenUses: createAccessTokenUseStorePostgres(kysely),
    revocations: createRevocationStorePostgres(kysely),
    auditEvents: createAuditEventStorePostgres(kysely),
    auditRetention: createAuditRetentionStorePostgres(kysely),
  }
}
