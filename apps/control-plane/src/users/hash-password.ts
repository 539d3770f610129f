import { hash } from '@node-rs/argon2'

/** OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** An argon2id hash in PHC format, which carries its own salt and cost. Runs off the main thread. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFC'), cost)
}
