import { describe, expect, it } from 'vitest'
import { addressesInHosts, fullNames, readSearchRules } from './parse-resolver-files.ts'

describe('a hosts file', () => {
  const text = [
    '# 9.9.9.9 commented.example',
    '127.0.0.1\tlocalhost',
    '::1 localhost ip6-localhost',
    '  203.0.113.7   Cluster.Example alias # behind.example',
    '203.0.113.8 alias other.example.\r',
    'nonsense cluster.example',
    '',
  ].join('\n')

  it.each([
    ['localhost', ['127.0.0.1', '::1']],
    ['cluster.example', ['203.0.113.7']],
    ['CLUSTER.example.', ['203.0.113.7']],
    ['alias', ['203.0.113.7', '203.0.113.8']],
    ['other.example', ['203.0.113.8']],
    ['commented.example', []],
    ['behind.example', []],
    ['example', []],
    ['203.0.113.7', []],
  ])('says where %s is', (name, addresses) => {
    expect(addressesInHosts(text, name).map(({ address }) => address)).toEqual(addresses)
  })

  it('says of which family an address is', () => {
    expect(addressesInHosts(text, 'localhost').map(({ family }) => family)).toEqual([4, 6])
  })
})

describe('the search list of resolv.conf', () => {
  const ofPod = [
    'nameserver 10.96.0.10',
    'search postern.svc.cluster.local svc.cluster.local cluster.local.',
    'options timeout:1 ndots:5',
  ].join('\n')

  it('goes before a name with few dots', () => {
    expect(fullNames('kubernetes.default.svc', readSearchRules(ofPod))).toEqual([
      'kubernetes.default.svc.postern.svc.cluster.local',
      'kubernetes.default.svc.svc.cluster.local',
      'kubernetes.default.svc.cluster.local',
      'kubernetes.default.svc',
    ])
  })

  it('goes after a name with many', () => {
    const rules = readSearchRules('search corp.example # ours\n;search other.example')
    expect(fullNames('cluster.example', rules)).toEqual(['cluster.example', 'cluster.example.corp.example'])
    expect(fullNames('cluster', rules)).toEqual(['cluster.corp.example', 'cluster'])
  })

  it('says nothing of a name that ends with a dot', () => {
    expect(fullNames('cluster.', readSearchRules(ofPod))).toEqual(['cluster'])
  })

  it.each([
    ['', []],
    ['search a.example\nsearch b.example c.example', ['b.example', 'c.example']],
    ['search a.example\ndomain b.example', ['b.example']],
    ['search .', []],
  ])('is the last that %j gives', (text, domains) => {
    expect(readSearchRules(text)).toEqual({ domains, ndots: 1 })
  })
})
