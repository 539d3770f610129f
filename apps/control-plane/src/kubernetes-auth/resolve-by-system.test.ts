import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTransportError } from './read-transport-error.ts'
import { createResolveBySystem, type ResolveBySystemOptions } from './resolve-by-system.ts'
import type { ResolveHost } from './resolve-host.ts'
import { type NameServer, type NameServerZone, startNameServer } from './test/name-server.ts'

let folder: string
let closing: NameServer[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-names-'))
})
afterEach(async () => {
  for (const each of closing) each.close()
  closing = []
  await rm(folder, { recursive: true })
})

interface Files {
  hosts?: string
  resolvConf?: string
}

async function start(zone: NameServerZone, files: Files = {}, options: ResolveBySystemOptions = {}) {
  const names = await startNameServer(zone)
  closing.push(names)
  const [hostsPath, resolvConfPath] = [join(folder, 'hosts'), join(folder, 'resolv.conf')]
  if (files.hosts !== undefined) await writeFile(hostsPath, files.hosts)
  if (files.resolvConf !== undefined) await writeFile(resolvConfPath, files.resolvConf)
  const resolve = createResolveBySystem({ hostsPath, resolvConfPath, servers: [names.server], ...options })
  return { names, resolve }
}

const addressesOf = async (resolve: ResolveHost, name: string): Promise<string[]> =>
  (await resolve(name)).map(({ address }) => address)

const silentNames = Array.from({ length: 36 }, (_, index) => `cluster-${index}.silent.example`)
const silentZone = Object.fromEntries(silentNames.map((name) => [name, 'silent'] as const))

/** Stands for the system's look-up, and notes what it is asked. */
function noting(): { lookUp: ResolveHost; asked: string[] } {
  const asked: string[] = []
  const lookUp: ResolveHost = async (name) => {
    asked.push(name)
    return [{ address: '192.0.2.1', family: 4 }]
  }
  return { lookUp, asked }
}

describe('where an address comes from', () => {
  it('asks the name servers for both families, and names IPv4 first', async () => {
    const { resolve } = await start({ 'cluster.example': ['2001:db8::7', '203.0.113.7', '203.0.113.8'] })
    expect(await resolve('cluster.example')).toEqual([
      { address: '203.0.113.7', family: 4 },
      { address: '203.0.113.8', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ])
  })

  it('is content with one family', async () => {
    const { resolve } = await start({ 'six.example': ['2001:db8::7'], 'four.example': ['203.0.113.7'] })
    expect(await addressesOf(resolve, 'six.example')).toEqual(['2001:db8::7'])
    expect(await addressesOf(resolve, 'four.example')).toEqual(['203.0.113.7'])
  })

  it('believes the hosts file first, as it is at that moment', async () => {
    const { names, resolve } = await start({ 'cluster.example': ['203.0.113.7'] })
    await writeFile(join(folder, 'hosts'), '203.0.113.99 Cluster.Example\n')
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.99'])
    expect(names.asked).toEqual([])
    await rm(join(folder, 'hosts'))
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.7'])
  })

  it('heeds the search domains', async () => {
    const service = 'kubernetes.default.svc.cluster.local'
    const { resolve } = await start(
      { [service]: ['10.96.0.1'], 'cluster.example': ['203.0.113.7'] },
      { resolvConf: 'search broken.example cluster.local\noptions ndots:5\n' },
    )
    expect(await addressesOf(resolve, 'kubernetes.default.svc')).toEqual(['10.96.0.1'])
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.7'])
  })

  it('passes over a search domain that is broken', async () => {
    const { resolve } = await start(
      { 'cluster.example.broken.example': 'servfail', 'cluster.example': ['203.0.113.7'] },
      { resolvConf: 'search broken.example\noptions ndots:5\n' },
    )
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.7'])
  })

  it('asks the next name server where one says that it cannot answer', async () => {
    const { names } = await start({ 'cluster.example': ['203.0.113.7'] })
    const broken = await start({ 'cluster.example': 'servfail' })
    const servers = [broken.names.server, names.server]
    const { resolve } = await start({}, {}, { servers })
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.7'])
    expect(broken.names.asked).toHaveLength(2)
  })

  it.each<[string, NameServerZone]>([
    ['silent', { 'cluster.example': 'silent' }],
    ['one that knows no such name', {}],
    ['one that cannot answer either', { 'cluster.example': 'servfail' }],
  ])('is content with one family, though the next name server is %s', async (_title, zone) => {
    const next = await start(zone)
    const { names } = await start({ 'cluster.example': { 4: ['203.0.113.7'], 6: 'servfail' } })
    const { resolve } = await start({}, {}, { servers: [names.server, next.names.server] })
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.7'])
    expect(next.names.asked).toEqual([])
  })

  it('asks every name server of each name that it may stand for', async () => {
    const resolvConf = 'search broken.example good.example\noptions ndots:5\n'
    const { names } = await start({ 'api.broken.example': 'servfail', 'api.good.example': ['203.0.113.7'] })
    const next = await start({ 'api.broken.example': 'servfail', 'api.good.example': 'servfail' })
    const { resolve } = await start({}, { resolvConf }, { servers: [names.server, next.names.server] })
    expect(await addressesOf(resolve, 'api')).toEqual(['203.0.113.7'])
  })

  it('asks the system for what the name servers do not know of this machine and its network', async () => {
    const { names, resolve } = await start({})
    expect(await addressesOf(resolve, 'localhost')).toContain('127.0.0.1')
    expect(names.asked).toContain('localhost')
    const { lookUp, asked } = noting()
    const withNoted = await start({}, {}, { lookUp })
    await withNoted.resolve('printer.local')
    expect(asked).toEqual(['printer.local'])
  })

  it('looks a name up once for all who ask meanwhile, and again for who asks later', async () => {
    const { names, resolve } = await start({ 'cluster.example': ['203.0.113.7'] })
    const ask = (name: string) => resolve(name)
    await Promise.all(['cluster.example', 'Cluster.example', 'cluster.example'].map(ask))
    expect(names.asked).toHaveLength(2)
    await resolve('cluster.example')
    expect(names.asked).toHaveLength(4)
  })
})

describe('T27: names whose name servers are silent', () => {
  it('T27: hold up neither another name nor a look-up of the system', async () => {
    const { names, resolve } = await start({ ...silentZone, 'cluster.example': ['203.0.113.7'] })
    const ended: string[] = []
    const silent = silentNames.map(async (name) => {
      await expect(resolve(name)).rejects.toThrow(name)
      ended.push(name)
    })
    expect(await addressesOf(resolve, 'cluster.example')).toEqual(['203.0.113.7'])
    expect(await addressesOf(resolve, 'localhost')).toContain('127.0.0.1')
    expect(ended).toEqual([])
    expect(new Set(names.asked)).toEqual(new Set([...silentNames, 'cluster.example', 'localhost']))
    names.speak()
    await Promise.all(silent)
  })

  it('T27: never come to the system, whose threads they would hold', async () => {
    const { lookUp, asked } = noting()
    const zone: NameServerZone = { 'cluster.example': 'silent', cluster: 'silent' }
    const { resolve } = await start(zone, {}, { lookUp, msMax: 20 })
    await expect(resolve('cluster.example')).rejects.toThrow('did not answer')
    await expect(resolve('cluster')).rejects.toThrow('did not answer')
    expect(asked).toEqual([])
  })

  it('T27: have one bound for all questions, whatever the first answer was', async () => {
    const { names } = await start({ 'cluster.example': { 4: 'servfail', 6: 'silent' } })
    const next = await start({ 'cluster.example': 'silent' })
    const servers = [names.server, next.names.server]
    const { resolve } = await start(
      {},
      { resolvConf: 'search a.example b.example\n' },
      { servers, msMax: 20 },
    )
    await expect(resolve('cluster.example')).rejects.toThrow('did not answer')
    expect(next.names.asked).toEqual([])
  })

  it('T27: do not come to the system either by saying first that there is no such name', async () => {
    const { lookUp, asked } = noting()
    const { resolve } = await start({}, {}, { lookUp })
    await expect(resolve('cluster.example')).rejects.toThrow('know no address')
    expect(asked).toEqual([])
  })
})

describe('what an operator reads of a name that has no address', () => {
  it.each<[string, NameServerZone[string] | undefined, string]>([
    ['there is none', undefined, 'the name servers know no address of cluster.example: check its spelling'],
    ['it has no address', [], 'the name servers know no address of cluster.example: check its spelling'],
    [
      'nobody answers',
      'silent',
      'the name servers did not answer for cluster.example: check the DNS of the control plane, and that of the name itself',
    ],
    [
      'they fail',
      'servfail',
      'the name servers failed for cluster.example (ESERVFAIL): check the DNS of the control plane, and that of the name itself',
    ],
  ])('says so when %s', async (_title, entry, detail) => {
    const { resolve } = await start(
      entry === undefined ? {} : { 'cluster.example': entry },
      {},
      { msMax: entry === 'silent' ? 20 : 4_000 },
    )
    const error: unknown = await resolve('cluster.example').catch((reason: unknown) => reason)
    expect(readTransportError(error)).toEqual({
      failure: 'api-server-unreachable',
      detail,
      isLostConnection: false,
    })
  })

  it('says so when nobody listens where the name servers should be', async () => {
    const { resolve } = await start({}, {}, { servers: ['127.0.0.1:1'] })
    await expect(resolve('cluster.example')).rejects.toThrow(
      'the name servers failed for cluster.example (ECONNREFUSED)',
    )
  })
})
