/** How much there may be; beyond it a request is refused with 400, and a text that is too long with 422. */
export const secretLimits = {
  /** In one folder, without those below it. */
  secretsPerFolder: 2_000,
  /** Of all values in one folder, sealed. */
  bytesPerFolder: 16 * 1024 * 1024,
  /** Of one secret, besides its present; the oldest goes first. */
  earlierVersions: 100,
  /** In one reply, imported ones included. */
  secretsPerReply: 10_000,
  /** Of all values in one reply, sealed. */
  bytesPerReply: 32 * 1024 * 1024,
  /** What one request may look at, with the folders that are imported and referred to; and their values, sealed. */
  secretsPerRequest: 40_000,
  bytesPerRequest: 64 * 1024 * 1024,
  /** UTF-16 units of all values in one reply, after references were expanded. */
  charactersPerReply: 32 * 1024 * 1024,
  /** What one list of expanded values may look at besides itself. */
  referencedFolders: 100,
  referencedSecrets: 10_000,
  /** How far imports of imports are followed, and how many folders one list may come to import from. */
  importDepth: 10,
  importedFolders: 200,
} as const
