/**
 * Fails when a Markdown file names a file or folder of this repository that does not exist, when README's tables and the
 * code do not name the same POSTERN_ variables, docs/operations.md and the code not the same metrics, when a case of the
 * threat model or a decision that the code cites is described nowhere, or a file that is to test a case does not name it.
 */
import { existsSync } from 'node:fs'
import { glob, readFile, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const documents: string[] = []
for await (const file of glob('**/*.md', { exclude: ['**/node_modules', '**/dist'] })) documents.push(file)
const roots = ['docs/', 'apps/', 'packages/', 'test/', 'deploy/', 'scripts/', 'demo/', '.ci/']

const missing: string[] = []
for (const document of documents) {
  const text = await readFile(document, 'utf8')
  for (const path of pathsIn(text, document)) {
    if (!existsSync(path)) missing.push(`${document}: ${path}`)
  }
}

const configurations = ['apps/control-plane/src/config-variables.ts', 'apps/gateway/src/config.ts']
const inCode = new Set<string>()
for (const file of configurations) addVariablesIn(await readFile(file, 'utf8'), inCode)
const inReadme = new Set<string>()
addVariablesIn(await readFile('README.md', 'utf8'), inReadme)
for (const name of inCode.difference(inReadme))
  missing.push(`README.md: its configuration tables lack ${name}`)
for (const name of inReadme.difference(inCode)) missing.push(`README.md: no program reads ${name}`)

const metricFolders = ['apps/control-plane/src/observability', 'apps/gateway/src/health']
const metricFiles = (
  await Promise.all(
    metricFolders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  )
)
  .flat()
  .filter((file) => file.endsWith('metrics.ts'))
const measured = new Set<string>()
for (const file of metricFiles) addMetricsIn(await readFile(file, 'utf8'), measured)
const explained = new Set<string>()
addMetricsIn(await readFile('docs/operations.md', 'utf8'), explained)
for (const name of measured.difference(explained)) missing.push(`docs/operations.md: its tables lack ${name}`)
for (const name of explained.difference(measured))
  missing.push(`docs/operations.md: no program measures ${name}`)

const security = await readFile('docs/security.md', 'utf8')
const described = new Set<string>()
for (const [row, number = ''] of security.matchAll(/^\| (T\d+) \|.*$/gm)) {
  described.add(number)
  for (const file of pathsIn(row, 'docs/security.md').filter(existsSync)) {
    if (!citedIn(await readFile(file, 'utf8')).includes(number))
      missing.push(`docs/security.md: ${file} does not name ${number}`)
  }
}
const architecture = await readFile('ARCHITECTURE.md', 'utf8')
for (const [, number = ''] of architecture.matchAll(/^\* (D\d+) /gm)) described.add(number)
for await (const file of glob('{apps,packages,test}/**/*.ts', { exclude: ['**/node_modules', '**/gen'] })) {
  for (const number of new Set(citedIn(await readFile(file, 'utf8'))).difference(described))
    missing.push(`${file}: ${number} is neither in docs/security.md nor in ARCHITECTURE.md`)
}

if (missing.length > 0) {
  process.stdout.write(`named, but not there:\n${missing.map((line) => `  ${line}`).join('\n')}\n`)
  process.exitCode = 1
}

/** Cases of the threat model and decisions. */
function citedIn(text: string): string[] {
  return text.match(/\b[TD]\d{1,2}\b/g) ?? []
}

function addVariablesIn(text: string, names: Set<string>): void {
  for (const [name] of text.matchAll(/\bPOSTERN_[A-Z_]+[A-Z]\b/g)) names.add(name)
}

function addMetricsIn(text: string, names: Set<string>): void {
  for (const [name] of text.matchAll(/\bpostern_[a-z_]+\b/g)) names.add(name)
}

/**
 * Paths in backticks that start at a folder of the repository, names of source files beside the document, and the targets
 * of relative links.
 */
function pathsIn(text: string, document: string): string[] {
  const quoted = [...text.matchAll(/`([\w./@-]+)`/g)].map((match) => match[1] ?? '')
  const isFromRoot = (path: string): boolean => roots.some((root) => path.startsWith(root))
  const fromRoot = quoted.filter(isFromRoot)
  const beside = quoted
    .filter((path) => /^\w.*\.(ts|proto)$/.test(path) && !isFromRoot(path))
    .map((path) => join(dirname(document), path))
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? '')
  const relative = links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => join(dirname(document), link))
  return [...fromRoot, ...beside, ...relative]
}
