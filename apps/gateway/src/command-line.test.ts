import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { gatewayVersion, parseCommandLine } from './command-line.ts'

it('reads the flags', () => {
  expect(parseCommandLine(['--url', 'https://p', '--listen', ':1'])).toEqual({
    url: 'https://p',
    listen: ':1',
  })
})

it('has a flag for every variable of its own but the enrolment token, which the gateway reads', async () => {
  const source = await readFile(join(import.meta.dirname, 'config.ts'), 'utf8')
  const names = new Set(source.match(/\bPOSTERN_[A-Z_]+[A-Z]\b/g))
  names.delete('POSTERN_ENROLMENT_TOKEN')
  const values = new Map([...names].map((name, index) => [name, `value-${index}`]))
  const flags = parseCommandLine(
    [...values].flatMap(([name, value]) => [`--${name.slice(8).toLowerCase().replaceAll('_', '-')}`, value]),
  )
  expect(Object.values(flags)).toEqual([...values.values()])
})

it('has no flag for the enrolment token itself, because other users can list the arguments of a process', () => {
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  expect(() => parseCommandLine(['--enrolment-token', 'x'])).toThrow('unknown option')
  quiet.mockRestore()
})

it('says its version', () => {
  expect(gatewayVersion).toMatch(/^\d+\.\d+\.\d+/)
})
