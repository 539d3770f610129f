import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { createRequestLine } from './request-line.ts'

describe('createRequestLine', () => {
  it('writes what the logger would have written', () => {
    const lines: string[] = []
    const { logger } = createLogger({
      level: 'info',
      replicaId: 'r"1',
      stream: { write: (line) => void lines.push(line) },
    })
    const finished = { method: 'POST', route: '/api/v1/things/:id', statusCode: 401, durationMs: 1.25 }
    logger.info({ reqId: 'q-1', ...finished, ip: '2001:db8::1' }, 'request')
    lines.push(createRequestLine('r"1', () => Date.UTC(2026, 10, 22))(finished, 'q-1', '2001:db8::1'))
    const [byLogger, byHand] = lines.map((line): unknown => JSON.parse(line))
    expect(byHand).toEqual({ ...(byLogger as object), time: '2026-11-22T00:00:00.000Z' })
    expect(Object.keys(byHand as object)).toEqual(Object.keys(byLogger as object))
    expect(lines[1]).toMatch(/\}\n$/)
  })

  it('tells each line its own time', () => {
    let now = 1000
    const write = createRequestLine('r', () => now)
    const finished = { method: 'GET', route: '/', statusCode: 200, durationMs: 1 }
    expect(write(finished, 'a', '127.0.0.1')).toContain('"time":"1970-01-01T00:00:01.000Z"')
    expect(write(finished, 'a', '127.0.0.1')).toContain('"time":"1970-01-01T00:00:01.000Z"')
    now = 1001
    expect(write(finished, 'a', '127.0.0.1')).toContain('"time":"1970-01-01T00:00:01.001Z"')
  })
})
