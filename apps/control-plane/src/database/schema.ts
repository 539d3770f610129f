// Longer than other files: all tables are in one type, because queries join across features.
import type { OrganizationAction, OrganizationSubject } from '@postern/api-contract/permissions'
import type { ColumnType, Generated } from 'kysely'

type CreatedAt = ColumnType<Date, Date | undefined, never>
type UpdatedAt = ColumnType<Date, Date | undefined, Date>
/** PostgreSQL's int8: arrives as a string; `database.ts` parses it to a number once, for every query. */
type GeneratedInt8 = Generated<number>
type Json<T> = ColumnType<T, string, string>
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>

export interface OrganizationRuleRow {
  subject: OrganizationSubject
  action: OrganizationAction | OrganizationAction[]
}

export interface TrustedIpRow {
  ipAddress: string
  type: 'ipv4' | 'ipv6'
  prefix?: number
}

/** SHA-256 in hexadecimal; empty lists and an empty issuer are what is not known. */
export interface ClusterRow {
  rootCas: string[]
  tokenIssuer: string
  issuerKeys: string[]
}

/** What a secret and each of its earlier versions have. */
interface SecretColumns {
  key: string
  version: number
  value_encrypted: Buffer
  /** Null: no comment. */
  comment_encrypted: Buffer | null
  /** Entries without a value are the encrypted ones. */
  metadata: ColumnType<SecretMetadataRow[], string | undefined, string>
  /** The values of the encrypted entries, as JSON; null: there are none. */
  hidden_metadata_encrypted: Buffer | null
  skip_multiline_encoding: boolean | null
  reminder_repeat_days: number | null
  reminder_note: string | null
  changed_by_kind: string
  changed_by_id: string | null
  changed_by_name: string | null
  created_at: CreatedAt
}

export interface SecretMetadataRow {
  key: string
  value?: string
}

/** The tables as `migrations/` makes them. */
export interface Schema {
  root_key_checks: { only_row: Generated<boolean>; encrypted_text: Buffer; created_at: CreatedAt }
  instance_secrets: { only_row: Generated<boolean>; encrypted_secret: Buffer; created_at: CreatedAt }
  organizations: {
    id: Generated<string>
    name: string
    slug: string
    /** The newest key; its number is `key_version`. */
    wrapped_key: Buffer
    key_version: Generated<number>
    /** Null: as long as the instance keeps events. */
    audit_retention_days: Generated<number | null>
    /** Of invitations that name none. */
    default_member_role: Generated<string>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  /** Kept while anything may be encrypted under them. */
  organization_earlier_keys: {
    organization_id: string
    version: number
    wrapped_key: Buffer
    retired_at: CreatedAt
  }
  users: {
    id: Generated<string>
    email: string
    name: Generated<string>
    password_hash: string
    is_disabled: Generated<boolean>
    last_login_at: Date | null
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  organization_members: {
    id: Generated<string>
    organization_id: string
    user_id: string
    role: string
    is_disabled: Generated<boolean>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  user_sessions: {
    id: Generated<string>
    user_id: string
    /** Null until one was selected. */
    organization_id: string | null
    /** SHA-256. */
    token_hash: Buffer
    ip_address: string
    user_agent: string
    created_at: CreatedAt
    last_used_at: UpdatedAt
    expires_at: Date
  }
  member_invitations: {
    id: Generated<string>
    organization_id: string
    email: string
    role: string
    token_hash: Buffer
    expires_at: Date
    created_at: CreatedAt
    /** Both null: made before it was written down. */
    made_by_kind: 'identity' | 'user' | null
    made_by_id: string | null
  }
  password_resets: {
    id: Generated<string>
    organization_id: string
    user_id: string
    token_hash: Buffer
    expires_at: Date
    created_at: CreatedAt
    /** Both null: made before it was written down. */
    made_by_kind: 'identity' | 'user' | null
    made_by_id: string | null
  }
  identities: {
    id: Generated<string>
    organization_id: string
    name: string
    role: string
    has_delete_protection: Generated<boolean>
    is_disabled: Generated<boolean>
    last_login_auth_method: string | null
    last_login_at: Date | null
    /** Of the project that owns it; null: the organization does. */
    project_id: string | null
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  /** Of the organization's own; members and identities name it by its slug. */
  organization_roles: {
    id: Generated<string>
    organization_id: string
    slug: string
    name: string
    description: string
    permissions: Json<OrganizationRuleRow[]>
    /** Good for some seconds more, in which others still remember who has the role by it. */
    previous_slug: Generated<string | null>
    renamed_at: Generated<Date | null>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  identity_metadata: { id: Generated<string>; identity_id: string; key: string; value: string }
  gateways: {
    id: Generated<string>
    organization_id: string
    name: string
    last_connected_at: Date | null
    revoked_at: Date | null
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  gateway_enrolment_tokens: {
    id: Generated<string>
    gateway_id: string
    token_hash: Buffer
    expires_at: Date
    used_at: Date | null
    /** The key that the token was spent on: the same enrolment may be repeated, another may not. */
    used_for_key_id: string | null
    /** Set when a newer token was made for the gateway: this one can no longer be used. */
    superseded_at: Date | null
    created_at: CreatedAt
  }
  gateway_keys: {
    /** RFC 7638 thumbprint of the public key. */
    id: string
    gateway_id: string
    /** Raw Ed25519 public key, 32 bytes. */
    public_key: Buffer
    /** May lie in the future: good until then. */
    retired_at: Date | null
    /** Set by a rotation; it may be repeated with the same key. */
    replaced_by_key_id: Generated<string | null>
    created_at: CreatedAt
  }
  /** Present for gateways that enrol with their own pod's token. */
  gateway_kubernetes_auths: {
    gateway_id: string
    organization_id: string
    token_review_mode: 'api' | 'gateway'
    kubernetes_host: string | null
    ca_cert_encrypted: Buffer | null
    verify_tls_certificate: boolean
    token_reviewer_jwt_encrypted: Buffer | null
    reviewer_gateway_id: string | null
    allowed_namespaces: string
    allowed_names: string
    allowed_audience: string
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  gateway_pools: {
    id: Generated<string>
    organization_id: string
    name: string
    cluster: NullableJson<ClusterRow>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  gateway_pool_members: {
    id: Generated<string>
    gateway_pool_id: string
    gateway_id: string
    /** What the gateway last said of its cluster; null: nothing yet. */
    cluster: NullableJson<ClusterRow>
    /** Whether it was found in the pool's cluster when it last said anything. */
    is_of_cluster: Generated<boolean>
    created_at: CreatedAt
  }
  gateway_used_token_ids: { token_id: string; expires_at: Date }
  projects: {
    id: Generated<string>
    organization_id: string
    name: string
    slug: string
    description: string | null
    type: string
    has_delete_protection: Generated<boolean>
    auto_capitalization: Generated<boolean>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  project_environments: {
    id: Generated<string>
    project_id: string
    name: string
    slug: string
    /** From 1 on, without gaps. */
    position: number
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  project_roles: {
    id: Generated<string>
    project_id: string
    slug: string
    name: string
    description: string | null
    rules: Json<unknown>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  /** Either an identity or a person. */
  project_members: {
    id: Generated<string>
    project_id: string
    organization_id: string
    identity_id: string | null
    user_id: string | null
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  project_member_roles: {
    id: Generated<string>
    project_member_id: string
    /** One that every project has; null where it is one of the project's own. */
    role: string | null
    custom_role_id: string | null
    /** In the order in which they were given. */
    position: number
    is_temporary: Generated<boolean>
    /** As it was asked for, such as 1h; all three are set together. */
    temporary_range: string | null
    temporary_from: Date | null
    temporary_until: Date | null
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  secret_folders: {
    id: Generated<string>
    project_id: string
    environment_id: string
    /** Null for the root, whose name is empty. */
    parent_id: string | null
    name: string
    description: string | null
    /** Grows with each change of the folder's own secrets. */
    revision: GeneratedInt8
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  secrets: SecretColumns & {
    id: Generated<string>
    project_id: string
    folder_id: string
    updated_at: UpdatedAt
  }
  /** What a secret was before; its present is in `secrets` alone. `created_at`: when that version was written. */
  secret_versions: SecretColumns & { secret_id: string }
  secret_imports: {
    id: Generated<string>
    project_id: string
    folder_id: string
    /** From 1 on; a later one wins. */
    position: number
    imported_environment_id: string
    imported_path: string
    is_replication: Generated<boolean>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  kubernetes_auths: {
    id: Generated<string>
    identity_id: string
    organization_id: string
    token_review_mode: 'api' | 'gateway'
    kubernetes_host: string | null
    ca_cert_encrypted: Buffer | null
    verify_tls_certificate: boolean
    token_reviewer_jwt_encrypted: Buffer | null
    allowed_namespaces: string
    allowed_names: string
    allowed_audience: string
    gateway_id: string | null
    gateway_pool_id: string | null
    access_token_ttl_seconds: number
    access_token_max_ttl_seconds: number
    access_token_num_uses_limit: number
    access_token_trusted_ips: Json<TrustedIpRow[]>
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  universal_auths: {
    id: Generated<string>
    identity_id: string
    organization_id: string
    client_id: Generated<string>
    client_secret_trusted_ips: Json<TrustedIpRow[]>
    access_token_ttl_seconds: number
    access_token_max_ttl_seconds: number
    /** 0: the TTL and the maximum TTL count. */
    access_token_period_seconds: number
    access_token_num_uses_limit: number
    access_token_trusted_ips: Json<TrustedIpRow[]>
    is_lockout_enabled: boolean
    lockout_threshold: number
    lockout_duration_seconds: number
    lockout_counter_reset_seconds: number
    /** And was not changed since: whoever attaches one configures it. */
    came_with_identity: boolean
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  client_secrets: {
    id: Generated<string>
    universal_auth_id: string
    /** SHA-256. */
    secret_hash: Buffer
    /** The first four characters of the secret. */
    prefix: string
    description: string
    num_uses: Generated<number>
    /** 0: any number. */
    num_uses_limit: number
    /** As asked for; `expires_at` is what counts. */
    ttl_seconds: number
    /** Null: never. */
    expires_at: Date | null
    revoked_at: Date | null
    last_used_at: Date | null
    created_at: CreatedAt
    updated_at: UpdatedAt
  }
  /** Failed logins of one source to one client id. */
  universal_auth_lockouts: {
    universal_auth_id: string
    source: string
    failures: number
    locked_until: Date | null
    /** When the row no longer says anything. */
    expires_at: Date
  }
  signing_keys: {
    id: string
    public_jwk: Json<Record<string, unknown>>
    private_key_encrypted: Buffer
    retired_at: Date | null
    created_at: CreatedAt
  }
  access_token_uses: { token_id: string; uses: number; expires_at: Date }
  revocations: {
    id: GeneratedInt8
    scope: 'token' | 'identity' | 'auth-method' | 'client-secret' | 'organization'
    organization_id: string | null
    identity_id: string | null
    auth_method: string | null
    token_id: string | null
    client_secret_id: string | null
    revoked_at: CreatedAt
    expires_at: Date
    /** PostgreSQL's xid8: what readers resume from, because `id` and `revoked_at` become visible out of order. */
    transaction_id: ColumnType<string, never, never>
  }
  audit_events: {
    id: GeneratedInt8
    occurred_at: Date
    organization_id: string | null
    request_id: string
    event: string
    outcome: 'success' | 'denied' | 'failed'
    reason: string | null
    actor_kind: string
    actor_id: string | null
    identity_id: string | null
    project_id: string | null
    ip_address: string | null
    details: Json<Record<string, unknown>>
  }
}
