import { afterEach, expect, it } from 'vitest'
import { KubernetesConnections } from './kubernetes-connections.ts'
import { parseKubernetesHost } from './kubernetes-host.ts'
import { noStreams } from './test/no-streams.ts'

let connections: KubernetesConnections
afterEach(() => connections.close())

let nowMs = 0
const open = (): KubernetesConnections =>
  (connections = new KubernetesConnections({
    openStream: noStreams,
    rules: { allowInternal: false },
    resolve: async () => [],
    nowMs: () => nowMs,
    poolsMax: 2,
    idleMs: 1000,
  }))

function target(name: string, caCert?: string, verifyTls = true) {
  const parsed = parseKubernetesHost(name)
  if (!parsed.ok) throw new Error(parsed.problem)
  return { host: parsed.host, caCert, verifyTls }
}

it('shares connections between configurations of one host, one CA and one verification', () => {
  const { poolFor } = bound(open())
  expect(poolFor(target('a.example'))).toBe(poolFor(target('https://A.example/some/path')))
  expect(poolFor(target('a.example'))).not.toBe(poolFor(target('a.example', 'CA')))
})

it('T23: never uses an unverified connection for a configuration that verifies', () => {
  const { poolFor } = bound(open())
  expect(poolFor(target('a.example'))).not.toBe(poolFor(target('a.example', undefined, false)))
})

it('closes the pool that was used longest ago when there are too many', () => {
  const { poolFor } = bound(open())
  const a = poolFor(target('a.example'))
  const b = poolFor(target('b.example'))
  poolFor(target('a.example'))
  poolFor(target('c.example'))
  expect(connections.poolCount).toBe(2)
  expect(poolFor(target('a.example'))).toBe(a)
  expect(poolFor(target('b.example'))).not.toBe(b)
})

it('closes pools that nobody used for a while, and none that is in use', () => {
  const { poolFor } = bound(open())
  poolFor(target('a.example')).inFlight = 1
  poolFor(target('b.example'))
  nowMs += 1000
  connections.closeIdle()
  expect(connections.poolCount).toBe(1)
})

it('T28: retires a pool once, and not the one that took its place', () => {
  const { poolFor } = bound(open())
  const dead = poolFor(target('a.example'))
  connections.retire(target('a.example'), dead)
  const next = poolFor(target('a.example'))
  expect(next).not.toBe(dead)
  connections.retire(target('a.example'), dead)
  expect(poolFor(target('a.example'))).toBe(next)
})

function bound(of: KubernetesConnections): Pick<KubernetesConnections, 'poolFor'> {
  return { poolFor: (wanted) => of.poolFor(wanted) }
}
