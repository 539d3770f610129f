import { fileURLToPath, pathToFileURL } from 'node:url'

const redirectFile = pathToFileURL(fileURLToPath(new URL('redirect-dial.ts', import.meta.url))).href

/** The environment of a Node process whose connections to `url` go to another address: see redirect-dial.ts. */
export function redirection(url: string, through: { address: string }): Record<string, string> {
  const { hostname, port } = new URL(url)
  return {
    NODE_OPTIONS: `--import=${redirectFile}`,
    CHAOS_REDIRECT: `${hostname}:${port}=${through.address}`,
  }
}
