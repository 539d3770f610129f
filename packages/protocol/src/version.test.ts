import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { staleFiles } from '../scripts/generate.ts'
import {
  failureNumbers,
  goAwayNumbers,
  keyRotationNumbers,
  purposeNumbers,
  refusalNumbers,
  resetNumbers,
} from './codes.ts'
import { minorVersion, versionHistory } from './version.ts'

const source = await readFile(join(import.meta.dirname, 'tunnel.proto'), 'utf8')
const { root } = protobuf.parse(source, new protobuf.Root())

test('the wire is the one that the version history knows', () => {
  const descriptor = createHash('sha256').update(JSON.stringify(root.toJSON())).digest('hex').slice(0, 16)
  const latest = versionHistory.find((version) => version.minor === minorVersion)
  expect(
    latest?.descriptor,
    `tunnel.proto has changed: add to versionHistory in version.ts {minor: ${minorVersion + 1}, descriptor: '${descriptor}'}`,
  ).toBe(descriptor)
})

test('the version history counts up by one and repeats no descriptor', () => {
  expect(versionHistory.map((version) => version.minor)).toEqual(versionHistory.map((_, index) => index + 1))
  expect(new Set(versionHistory.map((version) => version.descriptor)).size).toBe(versionHistory.length)
})

test('the generated code is what the proto generates', async () => {
  await expect(staleFiles()).resolves.toEqual([])
})

test.each([
  ['FailureCode', 'FAILURE_CODE', failureNumbers],
  ['RefusalCode', 'REFUSAL_CODE', refusalNumbers],
  ['GoAwayCode', 'GO_AWAY_CODE', goAwayNumbers],
  ['ResetCode', 'RESET_CODE', resetNumbers],
  ['TunnelPurpose', 'TUNNEL_PURPOSE', purposeNumbers],
  ['KeyRotationCode', 'KEY_ROTATION_CODE', keyRotationNumbers],
])('%s has a word for every number', (name, prefix, numbers) => {
  const words = Object.entries<number>(numbers).map(([word, number]) => [
    `${prefix}_${word.replaceAll('-', '_').toUpperCase()}`,
    number,
  ])
  expect(Object.fromEntries(words)).toEqual(root.lookupEnum(`postern.tunnel.v1.${name}`).values)
})
