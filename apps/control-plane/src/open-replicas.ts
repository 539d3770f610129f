import { readFileSync } from 'node:fs'
import type { KeyObject } from 'node:crypto'

import type { Config } from './config.ts'
import { type ReplicaLock, type ReplicaRefusal, takeReplicaLock } from './database/replica-lock.ts'
import type { BusLog } from './replicas/answer-locally.ts'
import type { BusObserver } from './replicas/bus-observer.ts'
import { LocalReplicaBus } from './replicas/local-replica-bus.ts'
import { NatsReplicaBus } from './replicas/nats-replica-bus.ts'
import { type NatsCredentials, type NatsTls, usualTimings } from './replicas/nats-session.ts'
import type { ReplicaBus } from './replicas/replica-bus.ts'
import { MessageSealer } from './replicas/sealed-message.ts'
import { StartupProblem } from './startup-problem.ts'

/** A server that is down must not keep a replica from serving the logins that need no other. */
const connectMsMax = 5_000

export interface OpenBusOptions {
  config: Config
  /** Of the instance; known to every replica. */
  secret: KeyObject
  log: BusLog
  observer: BusObserver
}

/** @throws StartupProblem where NATS refuses what the configuration says */
export async function openBus({ config, secret, log, observer }: OpenBusOptions): Promise<ReplicaBus> {
  if (config.natsServers === undefined) return new LocalReplicaBus(log)
  const tls = readTls(config)
  const bus = new NatsReplicaBus({
    servers: config.natsServers.map(({ host, port, isTls }) => ({
      host,
      port,
      tls: isTls || tls !== undefined ? (tls ?? {}) : undefined,
    })),
    credentials: readCredentials(config),
    name: `postern ${config.replicaId}`,
    timings: usualTimings,
    random: Math.random,
    sealer: new MessageSealer(secret),
    log,
    observer,
  })
  const { refusal } = await bus.open(connectMsMax)
  if (refusal === undefined) return bus
  await bus.close()
  throw new StartupProblem(refusal)
}

function readTls({ natsCaFile, natsCertFile, natsKeyFile }: Config): NatsTls | undefined {
  if (natsCaFile === undefined && natsCertFile === undefined) return undefined
  return {
    ca: readText('POSTERN_NATS_CA_FILE', natsCaFile),
    cert: readText('POSTERN_NATS_CERT_FILE', natsCertFile),
    key: readText('POSTERN_NATS_KEY_FILE', natsKeyFile),
  }
}

function readCredentials(config: Config): NatsCredentials {
  const { natsCredentialsFile: file, natsUser: user } = config
  if (file !== undefined) {
    readText('POSTERN_NATS_CREDENTIALS_FILE', file)
    return { kind: 'credentials', read: () => readFileSync(file) }
  }
  if (user === undefined) return { kind: 'none' }
  const fromFile = readText('POSTERN_NATS_PASSWORD_FILE', config.natsPasswordFile)
  return { kind: 'password', user, password: config.natsPassword ?? fromFile?.trimEnd() ?? '' }
}

function readText(variable: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new StartupProblem(`The file that ${variable} names cannot be read (${code})`, { cause: error })
  }
}

export interface TakePlaceOptions {
  url: string
  config: Pick<Config, 'natsServers' | 'replicaId'>
  log: BusLog
  onLoss: (reason: string) => void
}

/**
 * Among those who use the database: alone, or with the others that NATS connects.
 * @throws StartupProblem where that would be neither
 */
export async function takePlace({ url, config, log, onLoss }: TakePlaceOptions): Promise<ReplicaLock> {
  const { natsServers, replicaId } = config
  const outcome = await takeReplicaLock({
    url,
    kind: natsServers === undefined ? 'one' : 'several',
    replicaId,
    log,
    onLoss: (refusal) => onLoss(describeRefusal(refusal, config)),
  })
  if ('lock' in outcome) return outcome.lock
  throw new StartupProblem(describeRefusal(outcome.refusal, config))
}

function describeRefusal(
  refusal: ReplicaRefusal,
  { natsServers, replicaId }: Pick<Config, 'natsServers' | 'replicaId'>,
): string {
  if (refusal.kind === 'same-id') {
    return `Another process that uses this database is called ${replicaId} as well: give each a POSTERN_REPLICA_ID of its own, or leave it unset.`
  }
  const holders = refusal.holders.join(', ')
  if (natsServers !== undefined) {
    return `A control plane that knows of no others uses this database (${holders}): give it POSTERN_NATS_URL too and start it again, or stop it.`
  }
  return refusal.by === 'one'
    ? `Another control plane uses this database (${holders}), and without NATS there can be only one: stop it first, or give every one of them the same POSTERN_NATS_URL.`
    : `Other control planes that NATS connects use this database (${holders}): set POSTERN_NATS_URL here as it is set there.`
}
