import {
  type ParseText,
  oneOf,
  parseDatabaseUrl,
  parseDialAddress,
  parseFolder,
  parseListenAddress,
  parseNatsUrls,
  parsePublicUrl,
  parseReplicaId,
  parseRootKeyText,
  parseSwitch,
  parseText,
  parseTrustedProxies,
  wholeNumber,
} from './config-values.ts'

export interface Variable<Value = unknown> {
  /** The environment variable. */
  name: string
  /** The command-line option, if there is one; secrets have none, since every user sees a process' arguments. */
  flag?: string
  /** Stands for the value in the help text. */
  placeholder: string
  /** One or two sentences for the operator. */
  description: string
  parse: ParseText<Value>
  /** Taken, through `parse`, where nothing is set. */
  defaultText?: string
  /** How the help text names a default that is worked out at start. */
  derivedDefault?: string
}

function variable<Value>(definition: Variable<Value>): Variable<Value> {
  return definition
}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every setting there is: the source of the help text, of the README's table, and of what is parsed. */
export const variables = {
  listen: variable({
    name: 'POSTERN_LISTEN',
    flag: '--listen',
    placeholder: 'address:port',
    description: 'Where to accept connections.',
    parse: parseListenAddress,
    defaultText: '127.0.0.1:8080',
  }),
  publicUrl: variable({
    name: 'POSTERN_URL',
    flag: '--url',
    placeholder: 'URL',
    description:
      'The URL under which gateways and workloads reach this control plane. It is the issuer of access tokens and the audience that gateways sign for.',
    parse: parsePublicUrl,
    derivedDefault: 'http:// and the address of POSTERN_LISTEN',
  }),
  databaseUrl: variable({
    name: 'DATABASE_URL',
    placeholder: 'URL',
    description:
      'A PostgreSQL server, 14 or later. Without it an embedded PostgreSQL runs in the data folder.',
    parse: parseDatabaseUrl,
    derivedDefault: 'the embedded PostgreSQL',
  }),
  databasePoolMax: variable({
    name: 'POSTERN_DATABASE_POOL_MAX',
    flag: '--database-pool-max',
    placeholder: 'number',
    description: 'Database connections of this process at most.',
    parse: wholeNumber(2, 500),
    defaultText: '10',
  }),
  dataFolder: variable({
    name: 'POSTERN_DATA_FOLDER',
    flag: '--data-folder',
    placeholder: 'folder',
    description: 'Holds the embedded PostgreSQL and its root key: back it up. Not used with DATABASE_URL.',
    parse: parseFolder,
    derivedDefault: '$XDG_STATE_HOME/postern, or ~/.local/state/postern; /var/lib/postern for root',
  }),
  rootKey: variable({
    name: 'POSTERN_ROOT_KEY',
    placeholder: 'base64',
    description:
      '32 random bytes that every stored secret is encrypted under: `openssl rand -base64 32`. Required with DATABASE_URL, and the same for every replica.',
    parse: parseRootKeyText,
    derivedDefault: 'the file root-key in the data folder, made at first start',
  }),
  previousRootKey: variable({
    name: 'POSTERN_PREVIOUS_ROOT_KEY',
    placeholder: 'base64',
    description:
      'To change the root key: the old one, at one start with the new one as POSTERN_ROOT_KEY. What the old key had sealed is sealed again, and afterwards the old key is no longer needed. With several replicas, first give each the new key here beside the old POSTERN_ROOT_KEY, so that all can read both.',
    parse: parseRootKeyText,
    derivedDefault: 'none',
  }),
  trustedProxies: variable({
    name: 'POSTERN_TRUSTED_PROXIES',
    flag: '--trusted-proxies',
    placeholder: 'CIDR,CIDR',
    description: 'Addresses and CIDR ranges of the proxies whose X-Forwarded-For counts.',
    parse: parseTrustedProxies,
    defaultText: '',
    derivedDefault: 'none',
  }),
  allowInternalKubernetesHosts: variable({
    name: 'POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS',
    flag: '--allow-internal-kubernetes-hosts',
    placeholder: 'true|false',
    description:
      'Whether direct reviews may go to loopback and private addresses; link-local ones and metadata services never. Say true only if everybody who may configure an identity may also reach your internal network.',
    parse: parseSwitch,
    defaultText: 'false',
  }),
  loginsPerMinutePerIp: variable({
    name: 'POSTERN_LOGINS_PER_MINUTE_PER_IP',
    flag: '--logins-per-minute-per-ip',
    placeholder: 'number',
    description:
      'Logins (and other requests without credentials) from one address, or one /64 of IPv6, before it gets 429; 0 for no limit. Many pods may share the address of their cluster.',
    parse: wholeNumber(0, 1_000_000),
    defaultText: '3000',
  }),
  failedLoginsPerMinutePerIdentity: variable({
    name: 'POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY',
    flag: '--failed-logins-per-minute-per-identity',
    placeholder: 'number',
    description:
      'Refused logins to one identity from one address before it gets 429 for a while; 0 for no limit. Logins that succeed never count.',
    parse: wholeNumber(0, 1_000_000),
    defaultText: '300',
  }),
  readsPerMinutePerActor: variable({
    name: 'POSTERN_READS_PER_MINUTE_PER_ACTOR',
    flag: '--reads-per-minute-per-actor',
    placeholder: 'number',
    description:
      'GET requests of one identity or person to this process before they get 429; 0 for no limit. Secrets have a limit of their own.',
    parse: wholeNumber(0, 10_000_000),
    defaultText: '6000',
  }),
  writesPerMinutePerActor: variable({
    name: 'POSTERN_WRITES_PER_MINUTE_PER_ACTOR',
    flag: '--writes-per-minute-per-actor',
    placeholder: 'number',
    description:
      'Other requests of one identity or person to this process before they get 429; 0 for no limit.',
    parse: wholeNumber(0, 10_000_000),
    defaultText: '3000',
  }),
  secretRequestsPerMinutePerActor: variable({
    name: 'POSTERN_SECRET_REQUESTS_PER_MINUTE_PER_ACTOR',
    flag: '--secret-requests-per-minute-per-actor',
    placeholder: 'number',
    description:
      'Requests for secrets, of any method, of one identity or person to this process before they get 429; 0 for no limit.',
    parse: wholeNumber(0, 10_000_000),
    defaultText: '12000',
  }),
  auditRetentionDays: variable({
    name: 'POSTERN_AUDIT_RETENTION_DAYS',
    flag: '--audit-retention-days',
    placeholder: 'days',
    description:
      'How long audit events are kept. An organization may choose to keep its own for less, never for more.',
    parse: wholeNumber(7, 36_500),
    defaultText: '365',
  }),
  signingKeyDaysMax: variable({
    name: 'POSTERN_SIGNING_KEY_DAYS_MAX',
    flag: '--signing-key-days-max',
    placeholder: 'days',
    description:
      'Age at which the key that access tokens are signed with is replaced by itself; 0 leaves that to POST /api/v1/admin/signing-keys/rotate.',
    parse: wholeNumber(0, 3650),
    defaultText: '0',
  }),
  replicaId: variable({
    name: 'POSTERN_REPLICA_ID',
    flag: '--replica-id',
    placeholder: 'name',
    description: 'Names this process among the replicas; unique.',
    parse: parseReplicaId,
    derivedDefault: 'the host name and a random ending',
  }),
  natsServers: variable({
    name: 'POSTERN_NATS_URL',
    flag: '--nats-url',
    placeholder: 'URL,URL',
    description:
      'Connects several replicas: nats:// or tls:// URLs of NATS 2.2 or later, of every server of a cluster. Required as soon as a second replica uses the same database.',
    parse: parseNatsUrls,
    derivedDefault: 'none: this is the only replica',
  }),
  natsCredentialsFile: variable({
    name: 'POSTERN_NATS_CREDENTIALS_FILE',
    flag: '--nats-credentials-file',
    placeholder: 'file',
    description:
      'The .creds file to show to NATS; read again at each connection. Its user needs to publish and to subscribe to postern.>, and nothing else.',
    parse: parseFolder,
    derivedDefault: 'none',
  }),
  natsUser: variable({
    name: 'POSTERN_NATS_USER',
    flag: '--nats-user',
    placeholder: 'name',
    description: 'The user to be at NATS, instead of a .creds file.',
    parse: parseText,
    derivedDefault: 'none',
  }),
  natsPassword: variable({
    name: 'POSTERN_NATS_PASSWORD',
    placeholder: 'text',
    description: 'The password of POSTERN_NATS_USER.',
    parse: parseText,
    derivedDefault: 'none',
  }),
  natsPasswordFile: variable({
    name: 'POSTERN_NATS_PASSWORD_FILE',
    flag: '--nats-password-file',
    placeholder: 'file',
    description: 'The same in a file, which is read at start.',
    parse: parseFolder,
    derivedDefault: 'none',
  }),
  natsCaFile: variable({
    name: 'POSTERN_NATS_CA_FILE',
    flag: '--nats-ca-file',
    placeholder: 'file',
    description: 'PEM of the authorities that NATS certificates are issued by. With it, TLS is required.',
    parse: parseFolder,
    derivedDefault: "the system's authorities",
  }),
  natsCertFile: variable({
    name: 'POSTERN_NATS_CERT_FILE',
    flag: '--nats-cert-file',
    placeholder: 'file',
    description: 'PEM of the certificate to show to NATS. With it, TLS is required.',
    parse: parseFolder,
    derivedDefault: 'none',
  }),
  natsKeyFile: variable({
    name: 'POSTERN_NATS_KEY_FILE',
    flag: '--nats-key-file',
    placeholder: 'file',
    description: 'PEM of the private key of POSTERN_NATS_CERT_FILE.',
    parse: parseFolder,
    derivedDefault: 'none',
  }),
  replicaListen: variable({
    name: 'POSTERN_REPLICA_LISTEN',
    flag: '--replica-listen',
    placeholder: 'address:port',
    description:
      'Where other replicas may open connections for raw streams (reviews in mode api through a gateway that is connected here). Only replicas of this instance get in.',
    parse: parseListenAddress,
    derivedDefault: 'none: raw streams go through gateways that are connected to the same replica',
  }),
  replicaAddress: variable({
    name: 'POSTERN_REPLICA_ADDRESS',
    flag: '--replica-address',
    placeholder: 'address:port',
    description: 'What other replicas dial to reach POSTERN_REPLICA_LISTEN.',
    parse: parseDialAddress,
    derivedDefault: 'POSTERN_REPLICA_LISTEN',
  }),
  logLevel: variable({
    name: 'POSTERN_LOG_LEVEL',
    flag: '--log-level',
    placeholder: 'level',
    description: `The least severe lines to log: ${logLevels.join(', ')}. Lines are JSON on standard output.`,
    parse: oneOf(logLevels),
    defaultText: 'info',
  }),
} as const

export const everyVariable: readonly Variable[] = Object.values(variables)
