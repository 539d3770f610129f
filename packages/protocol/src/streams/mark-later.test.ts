import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { markingFlags } from './mark-later.ts'

test('this Node knows what is asked of its garbage collection: what it does not know it would ignore', () => {
  const known = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })
  for (const flag of markingFlags) expect(known).toContain(`${flag.split('=')[0]} `)
})
