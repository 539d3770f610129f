import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Schema } from '../schema.ts'

/** A row that others refer to, with a key that opens nothing. @returns its id */
export async function createOrganization(database: Kysely<Schema>): Promise<string> {
  const { id } = await database
    .insertInto('organizations')
    .values({ name: 'Acme', slug: randomUUID(), wrapped_key: Buffer.alloc(1) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}
