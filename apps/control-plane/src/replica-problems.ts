import type { ListenAddress } from './config-values.ts'

interface ReplicaSettings {
  databaseUrl: string | undefined
  natsServers: unknown
  natsCredentialsFile: string | undefined
  natsUser: string | undefined
  natsPassword: string | undefined
  natsPasswordFile: string | undefined
  natsCaFile: string | undefined
  natsCertFile: string | undefined
  natsKeyFile: string | undefined
  replicaListen: ListenAddress | undefined
  replicaAddress: ListenAddress | undefined
}

/** What is wrong only in combination, of the settings for several replicas. */
export function replicaProblems(settings: ReplicaSettings): string[] {
  const { natsServers, natsUser, natsPassword, natsPasswordFile, natsCredentialsFile } = settings
  const hasPassword = natsPassword !== undefined || natsPasswordFile !== undefined
  const wrong: readonly [boolean, string][] = [
    [
      natsServers !== undefined && settings.databaseUrl === undefined,
      'POSTERN_NATS_URL connects replicas of one database: set DATABASE_URL as well, the same for each',
    ],
    [
      natsServers === undefined && [natsCredentialsFile, natsUser, settings.natsCaFile].some(isSet),
      'POSTERN_NATS_URL is missing, which the other POSTERN_NATS settings are for',
    ],
    [
      isSet(natsUser) !== hasPassword,
      'POSTERN_NATS_USER goes with POSTERN_NATS_PASSWORD or POSTERN_NATS_PASSWORD_FILE',
    ],
    [
      natsPassword !== undefined && natsPasswordFile !== undefined,
      'POSTERN_NATS_PASSWORD and POSTERN_NATS_PASSWORD_FILE are both set: choose one',
    ],
    [
      natsCredentialsFile !== undefined && natsUser !== undefined,
      'POSTERN_NATS_CREDENTIALS_FILE and POSTERN_NATS_USER are both set: choose one',
    ],
    [
      isSet(settings.natsCertFile) !== isSet(settings.natsKeyFile),
      'POSTERN_NATS_CERT_FILE goes with POSTERN_NATS_KEY_FILE',
    ],
    [
      isSet(settings.replicaListen) && natsServers === undefined,
      'POSTERN_REPLICA_LISTEN is for several replicas: set POSTERN_NATS_URL as well',
    ],
    [
      isSet(settings.replicaAddress) && !isSet(settings.replicaListen),
      'POSTERN_REPLICA_ADDRESS goes with POSTERN_REPLICA_LISTEN',
    ],
    [
      !isSet(settings.replicaAddress) && !canBeDialled(settings.replicaListen),
      'POSTERN_REPLICA_ADDRESS is required: nobody can dial what POSTERN_REPLICA_LISTEN says',
    ],
  ]
  return wrong.filter(([isWrong]) => isWrong).map(([, problem]) => problem)
}

function isSet(value: unknown): boolean {
  return value !== undefined
}

function canBeDialled(listen: ListenAddress | undefined): boolean {
  return listen === undefined || (listen.port !== 0 && !['0.0.0.0', '::'].includes(listen.host))
}
