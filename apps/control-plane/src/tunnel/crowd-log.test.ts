import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CrowdLog } from './crowd-log.ts'

let lines: [string, object, string][]
let log: CrowdLog

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  lines = []
  log = new CrowdLog({
    info: (fields, message) => lines.push(['info', fields, message]),
    warn: (fields, message) => lines.push(['warn', fields, message]),
  })
})
afterEach(() => {
  vi.useRealTimers()
})

function close(end: string, gatewayId: number, level: 'info' | 'warn' = 'info'): void {
  log.write({ level, message: 'tunnel closed', kind: { end }, fields: { gatewayId } })
}

describe('the log of a crowd', () => {
  test('P8 has a line for each of the first, and a count of the others when the second is over', () => {
    for (let index = 0; index < 2000; index += 1) close('lost', index)
    expect(lines).toHaveLength(20)
    expect(lines[19]).toEqual(['info', { end: 'lost', gatewayId: 19 }, 'tunnel closed'])
    vi.advanceTimersByTime(1000)
    expect(lines.slice(20)).toEqual([['info', { end: 'lost', more: 1980 }, 'tunnel closed']])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('counts each kind by itself, and each second anew', () => {
    for (let index = 0; index < 30; index += 1) close('lost', index)
    close('malformed-frame', 7, 'warn')
    expect(lines.at(-1)).toEqual(['warn', { end: 'malformed-frame', gatewayId: 7 }, 'tunnel closed'])
    vi.advanceTimersByTime(1000)
    close('lost', 8)
    expect(lines.at(-1)).toEqual(['info', { end: 'lost', gatewayId: 8 }, 'tunnel closed'])
    expect(lines.filter(([, fields]) => 'more' in fields)).toHaveLength(1)
  })

  test('keeps no count to itself when there is no later', () => {
    for (let index = 0; index < 21; index += 1) close('lost', index)
    log.flush()
    expect(lines.at(-1)).toEqual(['info', { end: 'lost', more: 1 }, 'tunnel closed'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
