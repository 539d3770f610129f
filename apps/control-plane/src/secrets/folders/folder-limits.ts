/** How much one environment may hold, and one request may touch; beyond it a request is refused with 400. */
export const folderLimits = {
  foldersPerEnvironment: 5000,
  /** Of folders, and of secrets, that one rename or deletion takes along. */
  rowsPerChange: 10_000,
} as const
