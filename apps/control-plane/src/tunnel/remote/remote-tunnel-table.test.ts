import { describe, expect, test } from 'vitest'
import { announcedTunnel, presenceOf } from '../test/announced-tunnel.ts'
import type { Presence } from './presence.ts'
import { forgetAfterMs, RemoteTunnelTable, type TableLimits } from './remote-tunnel-table.ts'

function start(limits: Partial<TableLimits> = {}) {
  const time = { now: 0 }
  const told: string[] = []
  const connection = { isConnected: true }
  const table = new RemoteTunnelTable({
    isConnected: () => connection.isConnected,
    ask: async () => ({ kind: 'full' }),
    replicaFound: () => told.push('found'),
    replicaLost: (processId) => told.push(`lost ${processId}`),
    observer: { presenceDropped: (reason) => told.push(reason) },
    elapsed: () => time.now,
    limits,
  })
  const hear = (fields: Partial<Presence>): void => table.hear(presenceOf(fields))
  const idsOf = (gatewayId = 'gateway-1') => table.tunnelsOf(gatewayId).map(({ tunnelId }) => tunnelId)
  return { time, told, connection, table, hear, idsOf }
}

const [one, two] = [announcedTunnel(), announcedTunnel({ tunnelId: 'tunnel-2' })]

describe('the table of other replicas’ tunnels', () => {
  test('tells who is new, once', () => {
    const { told, hear, idsOf } = start()
    hear({ here: [one] })
    hear({ here: [two], sequence: 2 })
    expect(idsOf()).toEqual(['tunnel-1', 'tunnel-2'])
    expect(told).toEqual(['found'])
  })

  test('does not let an older word that comes late undo a newer one', () => {
    const { table, hear } = start()
    hear({ here: [{ ...one, isRoutable: false }], sequence: 9 })
    hear({ here: [one], sequence: 8 })
    expect(table.find('tunnel-1')?.isRoutable).toBe(false)
    hear({ here: [one], sequence: 10 })
    expect(table.find('tunnel-1')?.isRoutable).toBe(true)
  })

  test('lets nobody but its holder speak of a tunnel', () => {
    const { table, hear, idsOf } = start()
    hear({ here: [one] })
    hear({ processId: 'process-2', replicaId: 'elsewhere', gone: ['tunnel-1'] })
    hear({ processId: 'process-2', here: [{ ...one, isRoutable: false }], sequence: 5 })
    expect(idsOf()).toEqual(['tunnel-1'])
    expect(table.find('tunnel-1')).toMatchObject({ isRoutable: true, heldBy: 'there' })
    hear({ here: [{ ...one, gatewayId: 'gateway-2' }], sequence: 6 })
    expect(idsOf('gateway-2')).toEqual([])
  })

  test('forgets a tunnel of which nobody says a word for twelve seconds, and a replica', () => {
    const { time, told, table, hear, idsOf } = start()
    hear({ here: [one, two] })
    time.now = 8000
    hear({ here: [one], sequence: 2 })
    time.now = forgetAfterMs + 1
    table.forgetSilent()
    expect(idsOf()).toEqual(['tunnel-1'])
    time.now = 8000 + forgetAfterMs + 1
    table.forgetSilent()
    expect([table.size, table.replicaCount]).toEqual([0, 0])
    expect(told).toEqual(['found', 'lost process-1'])
    expect(table.isReturning('gateway-1')).toBe(true)
  })

  test('doubts a replica that has missed a word, until the next one', () => {
    const { time, table, hear } = start()
    hear({ here: [one] })
    time.now = 7001
    expect(table.find('tunnel-1')?.isSuspect).toBe(true)
    hear({ sequence: 2 })
    expect(table.find('tunnel-1')?.isSuspect).toBe(false)
  })

  test('forgets a tunnel that nobody serves, and doubts the others of its replica', () => {
    const { table, hear, idsOf } = start()
    hear({ here: [one, two] })
    const [first, second] = table.tunnelsOf('gateway-1')
    if (first === undefined) throw new Error('it is not there')
    table.foundNobody(first)
    expect(idsOf()).toEqual(['tunnel-2'])
    expect(first.isRoutable).toBe(false)
    expect(second?.isSuspect).toBe(true)
  })

  test('waits a while for gateways that are behind a broken connection', () => {
    const { time, connection, table, hear } = start()
    hear({ here: [one] })
    expect(table.isReturning('gateway-1')).toBe(false)
    connection.isConnected = false
    expect(table.find('tunnel-1')?.isRoutable).toBe(false)
    expect([table.isReturning('gateway-1'), table.isReturning('gateway-2')]).toEqual([true, false])
    time.now = forgetAfterMs
    expect(table.isReturning('gateway-1')).toBe(false)
  })

  test('T48: forgets what was revoked before its holder has closed it', () => {
    const { table, hear, idsOf } = start()
    hear({ here: [one, { ...two, keyId: 'key-2' }] })
    table.forgetGateway('gateway-1', new Set(['key-2']))
    expect(idsOf()).toEqual(['tunnel-1'])
    table.forgetGateway('gateway-1')
    expect(table.size).toBe(0)
  })

  test('is bounded: in replicas, in tunnels and in tunnels of one gateway', () => {
    const { told, table, hear } = start({ replicasMax: 2, tunnelsMax: 3, tunnelsPerGatewayMax: 2 })
    const many = Array.from({ length: 9 }, (_, index) => announcedTunnel({ tunnelId: `tunnel-${index}` }))
    hear({ here: many })
    expect(table.size).toBe(2)
    hear({
      here: Array.from({ length: 9 }, (_, index) =>
        announcedTunnel({ gatewayId: `gateway-${index}`, tunnelId: `t-${index}` }),
      ),
    })
    expect(table.size).toBe(3)
    hear({ processId: 'process-2' })
    hear({ processId: 'process-3' })
    expect(table.replicaCount).toBe(2)
    expect(new Set(told)).toEqual(new Set(['found', 'too-many']))
    hear({ isLeaving: true })
    expect(table.size).toBe(0)
  })
})
