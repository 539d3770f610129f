import { type KeyObject, createSecretKey, randomBytes } from 'node:crypto'

import { findNatsServer, natsServerInstall } from '@postern/testing/nats-server'

import { type BusObserver, type BusStanding, silentBusObserver } from '../bus-observer.ts'
import { NatsReplicaBus } from '../nats-replica-bus.ts'
import { type NatsCredentials, type NatsTls, type SessionTimings, usualTimings } from '../nats-session.ts'
import { MessageSealer } from '../sealed-message.ts'

export const hasNatsServer = findNatsServer(process.env['PATH']) !== undefined
if (!hasNatsServer) process.stderr.write(`tests of NATS are skipped; to run them: ${natsServerInstall}\n`)

export const testSecret = createSecretKey(randomBytes(32))

export interface TestBusOptions {
  urls: readonly string[]
  secret?: KeyObject
  credentials?: NatsCredentials
  tls?: NatsTls
  timings?: Partial<SessionTimings>
  waitMs?: number
}

export interface TestBus {
  bus: NatsReplicaBus
  refusal: string | undefined
  /** What the observer was told: `discarded unreadable`, `unsent`, … */
  told: string[]
  log: string[]
  standing: () => BusStanding | undefined
}

export async function openTestBus(options: TestBusOptions): Promise<TestBus> {
  const { urls, secret = testSecret, credentials = { kind: 'none' }, tls, timings, waitMs = 5_000 } = options
  const told: string[] = []
  const log: string[] = []
  let standing: (() => BusStanding) | undefined
  const observer: BusObserver = {
    ...silentBusObserver,
    standingBy: (given) => {
      standing = given
    },
    connected: (isFirst) => told.push(isFirst ? 'connected' : 'connected again'),
    disconnected: () => told.push('disconnected'),
    discarded: (reason) => told.push(`discarded ${reason}`),
    unsent: () => told.push('unsent'),
  }
  const write = (fields: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(fields)}`)
  }
  const bus = new NatsReplicaBus({
    servers: urls.map((url) => {
      const { protocol, hostname, port } = new URL(url)
      return { host: hostname, port: Number(port), tls: protocol === 'tls:' ? (tls ?? {}) : undefined }
    }),
    credentials,
    name: 'postern test',
    timings: { ...usualTimings, ...timings },
    random: Math.random,
    sealer: new MessageSealer(secret),
    log: { info: write, warn: write, error: write },
    observer,
  })
  const { refusal } = await bus.open(waitMs)
  return { bus, refusal, told, log, standing: () => standing?.() }
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text)
}

export function text(message: Uint8Array): string {
  return Buffer.from(message).toString()
}
