import type { Database } from './database.ts'

/** Where the keyring keeps wrapped keys; meets `KeyringStore` of keyring/. */
export function createKeyringStore({ kysely }: Pick<Database, 'kysely'>): {
  readWrappedKey(organizationId: string): Promise<Buffer | undefined>
  keepRootKeyCheck(candidate: Buffer): Promise<Buffer>
} {
  return {
    readWrappedKey: async (organizationId) => {
      const row = await kysely
        .selectFrom('organizations')
        .select('wrapped_key')
        .where('id', '=', organizationId)
        .executeTakeFirst()
      return row?.wrapped_key
    },
    keepRootKeyCheck: async (candidate) => {
      await kysely
        .insertInto('root_key_checks')
        .values({ encrypted_text: candidate })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      const { encrypted_text } = await kysely
        .selectFrom('root_key_checks')
        .select('encrypted_text')
        .executeTakeFirstOrThrow()
      return encrypted_text
    },
  }
}
