/** What the bundles run on: this line from this minor version on, and everything from another line on. */
export interface NodeVersions {
  line: number
  minor: number
  from: number
}

/** 22.19 is the least that undici names; 23 lacks `tls.getCACertificates` in its first versions, and is at its end. */
export const nodeVersions: NodeVersions = { line: 22, minor: 19, from: 24 }

/** The same for `engines` of package.json. */
export function enginesOf({ line, minor, from }: NodeVersions): string {
  return `^${line}.${minor} || >=${from}`
}

/**
 * The program that loads the bundle. Static imports are linked before the first line runs, so that an older Node would end
 * with a SyntaxError of whatever it does not export.
 */
export function startFile(bundle: string, { line, minor, from }: NodeVersions): string {
  return `const [line, minor] = process.versions.node.split('.').map(Number);
if (line >= ${from} || (line === ${line} && minor >= ${minor})) {
  await import('./${bundle}');
} else {
  console.error('Postern needs Node ${from} or newer, or ${line}.${minor} or newer of Node ${line}; this is ' + process.versions.node + '.');
  process.exitCode = 1;
}
`
}
