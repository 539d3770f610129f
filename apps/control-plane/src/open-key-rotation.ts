import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditLog } from './audit/audit-log.ts'
import type { Kysely } from 'kysely'
import type { Commit } from './database/commit.ts'
import type { Schema } from './database/schema.ts'
import { startRepeating } from './gateways/repeat.ts'
import type { HttpServer } from './http/http-server.ts'
import { registerKeyRotationRoutes } from './key-rotation/key-rotation-routes.ts'
import type { KeyRotationStore } from './key-rotation/key-rotation-store.ts'
import { createKeyRotationStorePostgres } from './key-rotation/key-rotation-store-postgres.ts'
import { type ReencryptionDependencies, reencryptEverything } from './key-rotation/reencrypt.ts'
import { createRotateOrganizationKey, type KeyRotationScope } from './key-rotation/rotate-organization-key.ts'
import type { Keyring } from './keyring/keyring.ts'
import type { Authenticate } from './permissions/actor.ts'

export function createKeyRotationStore(kysely: Kysely<Schema>): KeyRotationStore {
  return createKeyRotationStorePostgres(kysely)
}

export interface KeyRotationOptions {
  store: KeyRotationStore
  keyring: Keyring
  commit: Commit<KeyRotationScope>
  auditLog: AuditLog
  logger: ReencryptionDependencies['logger']
  now: () => Date
}

const intervalMs = 60_000

/** New keys for organizations, and the encryption anew of what was encrypted under the keys before. */
export function openKeyRotation(options: KeyRotationOptions) {
  const { store, logger } = options
  const stopping = new AbortController()
  const repetition = startRepeating({
    intervalMs,
    task: () => reencryptEverything(options, stopping.signal),
    onFailure: (error) => logger.warn({ err: error }, 'could not encrypt under newest keys'),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  })
  return {
    registerRoutes: (server: HttpServer, { authenticate }: { authenticate: Authenticate }): void =>
      registerKeyRotationRoutes(server, {
        authenticate,
        store,
        rotate: createRotateOrganizationKey(options),
      }),
    close: (): Promise<void> => {
      stopping.abort()
      return repetition.close()
    },
  }
}
