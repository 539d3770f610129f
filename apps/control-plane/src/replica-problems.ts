import type { ListenAddress } from './config-values.ts'
import type { variables } from './config-variables.ts'

/** Whether the operator has given a value, a wrong one included: that is said already, and nothing is missing. */
export type IsSet = (setting: keyof typeof variables) => boolean

/** What only several replicas have a use for. */
const forReplicas = [
  'natsCredentialsFile',
  'natsUser',
  'natsPassword',
  'natsPasswordFile',
  'natsCaFile',
  'natsCertFile',
  'natsKeyFile',
  'replicaListen',
  'replicaAddress',
] as const

/**
 * What is wrong only in combination, of the settings for several replicas.
 * @param replicaListen undefined as well if what is set is wrong
 */
export function replicaProblems(isSet: IsSet, replicaListen: ListenAddress | undefined): string[] {
  const hasPassword = isSet('natsPassword') || isSet('natsPasswordFile')
  const wrong: readonly [boolean, string][] = [
    [
      isSet('natsServers') && !isSet('databaseUrl'),
      'POSTERN_NATS_URL connects replicas of one database: set DATABASE_URL and POSTERN_ROOT_KEY as well, the same for each',
    ],
    [
      !isSet('natsServers') && forReplicas.some(isSet),
      'POSTERN_NATS_URL is missing, which all other settings of NATS and POSTERN_REPLICA_LISTEN are for',
    ],
    [
      isSet('natsUser') !== hasPassword,
      'POSTERN_NATS_USER goes with POSTERN_NATS_PASSWORD or POSTERN_NATS_PASSWORD_FILE',
    ],
    [
      isSet('natsPassword') && isSet('natsPasswordFile'),
      'POSTERN_NATS_PASSWORD and POSTERN_NATS_PASSWORD_FILE are both set: choose one',
    ],
    [
      isSet('natsCredentialsFile') && isSet('natsUser'),
      'POSTERN_NATS_CREDENTIALS_FILE and POSTERN_NATS_USER are both set: choose one',
    ],
    [
      isSet('natsCertFile') !== isSet('natsKeyFile'),
      'POSTERN_NATS_CERT_FILE goes with POSTERN_NATS_KEY_FILE',
    ],
    [
      isSet('replicaAddress') && !isSet('replicaListen'),
      'POSTERN_REPLICA_ADDRESS goes with POSTERN_REPLICA_LISTEN',
    ],
    [
      !isSet('replicaAddress') && !canBeDialled(replicaListen),
      'POSTERN_REPLICA_ADDRESS is required: nobody can dial what POSTERN_REPLICA_LISTEN says',
    ],
  ]
  return wrong.filter(([isWrong]) => isWrong).map(([, problem]) => problem)
}

function canBeDialled(listen: ListenAddress | undefined): boolean {
  return listen === undefined || (listen.port !== 0 && !['0.0.0.0', '::'].includes(listen.host))
}
