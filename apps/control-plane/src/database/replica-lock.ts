import { setTimeout as sleep } from 'node:timers/promises'

import pg from 'pg'

/**
 * Who uses the database: one replica alone, or several that are connected. Session-level advisory locks on a connection
 * of its own tell, and end with the process that holds them, however that ends.
 */
export type ReplicaKind = 'one' | 'several'

export interface ReplicaLockOptions {
  url: string
  kind: ReplicaKind
  /** No two processes may have the same. */
  replicaId: string
  log: { warn(fields: object, message: string): void; info(fields: object, message: string): void }
  /** Somebody else took what this replica had, while the connection was away. */
  onLoss: (refusal: ReplicaRefusal) => void
  waitMsMax?: number
  pingIntervalMs?: number
}

export type ReplicaRefusal =
  /** Another process has the same replica id. */
  | { kind: 'same-id' }
  /** @param holders replica ids; of a replica that is alone, or of several that are connected */
  | { kind: 'taken'; by: ReplicaKind; holders: readonly string[] }

export interface ReplicaLock {
  release(): Promise<void>
}

/** "repl" in ASCII; any fixed number does. */
const lockClass = 0x7265706c
const kindLock = 1
const idSeed = 7_234_017_283_807_667_315n
const retryMs = 200
const connectMsMax = 5_000
const applicationPrefix = 'postern replica '

/** @returns the lock, or why it cannot be had within `waitMsMax`. @throws what the database says */
export async function takeReplicaLock(
  options: ReplicaLockOptions,
): Promise<{ lock: ReplicaLock } | { refusal: ReplicaRefusal }> {
  const holding = new LockHolding(options)
  const refusal = await holding.take()
  if (refusal === undefined) return { lock: { release: () => holding.release() } }
  await holding.release()
  return { refusal }
}

class LockHolding {
  readonly #options: ReplicaLockOptions
  readonly #stopping = new AbortController()
  readonly #pingIntervalMs: number
  #client: pg.Client | undefined

  constructor(options: ReplicaLockOptions) {
    this.#options = options
    this.#pingIntervalMs = options.pingIntervalMs ?? 5_000
  }

  async take(): Promise<ReplicaRefusal | undefined> {
    const client = await this.#connect()
    const deadline = performance.now() + (this.#options.waitMsMax ?? 5_000)
    for (;;) {
      const refusal = await tryLocks(client, this.#options)
      if (refusal === undefined) {
        void this.#watch(client)
        return undefined
      }
      if (performance.now() >= deadline || this.#stopping.signal.aborted) {
        await client.end()
        return refusal
      }
      await sleep(retryMs)
    }
  }

  async release(): Promise<void> {
    this.#stopping.abort()
    await this.#client?.end()
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: `${applicationPrefix}${this.#options.replicaId}`.slice(0, 63),
      connectionTimeoutMillis: connectMsMax,
      query_timeout: connectMsMax,
      keepAlive: true,
    })
    // Whoever uses the connection is told by the statement that fails.
    client.on('error', () => undefined)
    await client.connect()
    this.#client = client
    // The server lets go of a host that vanished in 20 s, instead of the usual two hours.
    await client.query(`select set_config(name, value, false) from (values
      ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '2')) as wanted (name, value)`)
    return client
  }

  /** Until the connection is lost; and then tries to have the locks again. */
  async #watch(client: pg.Client): Promise<void> {
    const { signal } = this.#stopping
    const broken = new AbortController()
    client.once('end', () => broken.abort())
    try {
      while (!signal.aborted) {
        await pause(this.#pingIntervalMs, AbortSignal.any([signal, broken.signal]))
        if (!signal.aborted) await client.query('select 1')
      }
    } catch (error) {
      if (!signal.aborted) await this.#takeAgain(client, error)
    }
  }

  async #takeAgain(lost: pg.Client, error: unknown): Promise<void> {
    const { log, onLoss } = this.#options
    log.warn(
      { reason: textOf(error) },
      'lost the connection that says which replicas there are; connecting again',
    )
    void lost.end().catch(() => undefined)
    while (!this.#stopping.signal.aborted) {
      try {
        const refusal = await this.take()
        if (refusal === undefined) log.info({}, 'has its place among the replicas again')
        else if (!this.#stopping.signal.aborted) onLoss(refusal)
        return
      } catch {
        // The database is away: logins wait for it as well, and it says so in their log lines.
        void this.#client?.end().catch(() => undefined)
        await pause(1_000, this.#stopping.signal)
      }
    }
  }
}

async function tryLocks(
  client: pg.Client,
  { kind, replicaId }: ReplicaLockOptions,
): Promise<ReplicaRefusal | undefined> {
  const shared = kind === 'several' ? '_shared' : ''
  const { rows } = await client.query<{ has_place: boolean; has_id: boolean }>(
    `with place as materialized (select pg_try_advisory_lock${shared}($1::int4, $2::int4) as locked),
       id as materialized (select pg_try_advisory_lock(hashtextextended($3, $4::int8)) as locked)
     select place.locked as has_place, id.locked as has_id from place, id`,
    [lockClass, kindLock, replicaId, idSeed.toString()],
  )
  const { has_place = false, has_id = false } = rows[0] ?? {}
  if (has_place && has_id) return undefined
  const refusal = has_place ? ({ kind: 'same-id' } as const) : await findHolders(client)
  await client.query('select pg_advisory_unlock_all()')
  return refusal
}

async function findHolders(client: pg.Client): Promise<ReplicaRefusal> {
  const { rows } = await client.query<{ application_name: string | null; mode: string }>(
    `select application_name, mode from pg_locks left join pg_stat_activity using (pid)
     where locktype = 'advisory' and classid = $1 and objid = $2 and objsubid = 2 and granted
       and pg_locks.database = (select oid from pg_database where datname = current_database())
     order by 1`,
    [lockClass, kindLock],
  )
  return {
    kind: 'taken',
    by: rows.some(({ mode }) => mode === 'ExclusiveLock') ? 'one' : 'several',
    holders: rows.map(({ application_name }) => (application_name ?? '').replace(applicationPrefix, '')),
  }
}

/** Aborted: there is nothing to wait for any more. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => undefined)
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
