import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { enginesOf, type NodeVersions, nodeVersions, startFile } from './start-file.ts'

const [line = 0, minor = 0] = process.versions.node.split('.').map(Number)

describe('the start file of a bundle', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'start-file-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const run = async (bundle: string, versions: NodeVersions) => {
    await writeFile(join(folder, 'bundle.mjs'), bundle)
    await writeFile(join(folder, 'start.mjs'), startFile('bundle.mjs', versions))
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'start.mjs'), '--flag'])
    return { status, stdout: String(stdout), stderr: String(stderr) }
  }

  it.each([
    { title: 'the line is older', versions: { line: line + 1, minor: 0, from: line + 2 } },
    { title: 'the minor version of the line is older', versions: { line, minor: minor + 1, from: line + 1 } },
    { title: 'the line is between the two', versions: { line: line - 1, minor: 0, from: line + 1 } },
  ])('says what it needs, and links nothing, where $title', async ({ versions }) => {
    const bundle = "import { notInThisNode } from 'node:tls'; notInThisNode();"
    expect(await run(bundle, versions)).toEqual({
      status: 1,
      stdout: '',
      stderr: `Postern needs Node ${versions.from} or newer, or ${versions.line}.${versions.minor} or newer of Node ${versions.line}; this is ${process.versions.node}.\n`,
    })
  })

  it.each([
    { title: 'of the older line', versions: { line, minor, from: line + 1 } },
    { title: 'of the newer lines', versions: { line: line - 2, minor: 0, from: line } },
    { title: 'that is in use here', versions: nodeVersions },
  ])('runs the bundle, with its arguments and its exit code, on a Node $title', async ({ versions }) => {
    const bundle = 'console.log(process.argv[2]); process.exit(await Promise.resolve(7));'
    expect(await run(bundle, versions)).toEqual({ status: 7, stdout: '--flag\n', stderr: '' })
  })
})

it('needs what package.json names, and README says', async () => {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as { engines: { node: string } }
  expect(manifest.engines.node).toBe(enginesOf(nodeVersions))
  const { line, minor, from } = nodeVersions
  expect(await readFile('README.md', 'utf8')).toContain(`Node ${from} or newer, or ${line}.${minor}`)
})
