import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { benchScale } from './scale.ts'

test('the table of docs/scale.md is what the simulation gives', async () => {
  const lines: string[] = []
  await benchScale({ say: (line) => void lines.push(line) })
  const paper = await readFile(new URL('../../docs/scale.md', import.meta.url), 'utf8')
  expect(
    paper
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(0, lines.length),
  ).toEqual(lines)
}, 120_000)
