import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameKubernetesHost, parseKubernetesHost } from './kubernetes-host.ts'

function parsed(text: string): unknown {
  const result = parseKubernetesHost(text)
  return result.ok ? result.host : undefined
}

describe('the host of a Kubernetes API server', () => {
  it.each([
    ['nothing', ''],
    ['spaces', '   '],
    ['credentials', 'https://admin:secret@cluster.example'],
    ['credentials without a scheme', 'admin@cluster.example'],
    ['plain HTTP', 'http://cluster.example'],
    ['another scheme', 'file:///etc/passwd'],
    ['a scheme without slashes', 'javascript:alert'],
    ['gopher', 'gopher://cluster.example'],
    ['an IPv6 literal', 'https://[::1]:6443'],
    ['a v4-mapped IPv6 literal', 'https://[::ffff:169.254.169.254]'],
    ['an IPv6 literal without brackets', '::1'],
    ['a query', 'https://cluster.example/?a=b'],
    ['a fragment', 'https://cluster.example/#x'],
    ['escapes', 'https://cluster%2eexample'],
    ['a newline', 'https://cluster.example\n.evil.example'],
    ['letters beyond ASCII', 'https://clüster.example'],
    ['a port out of range', 'cluster.example:65536'],
    ['port 0', 'cluster.example:0'],
    ['no host', 'https://'],
    ['no host before a path', 'https:///version'],
    ['only a dot', 'https://.'],
    ['only dots', 'https://..'],
    ['an empty label', 'cluster..example'],
    ['an address with a part out of range', 'https://1.2.3.256'],
    ['256 characters', `${'a'.repeat(252)}.com`],
  ])('T20: refuses %s', (_title, text) => {
    expect(parsed(text)).toBeUndefined()
  })

  it.each([
    ['cluster.example', 'https://cluster.example', 'cluster.example', ''],
    ['cluster.example:6443', 'https://cluster.example:6443', 'cluster.example', ''],
    [' https://Cluster.Example:443/ ', 'https://cluster.example', 'cluster.example', ''],
    ['https://cluster.example.', 'https://cluster.example', 'cluster.example', ''],
    [
      'https://proxy.example/k8s/clusters/c-1/',
      'https://proxy.example',
      'proxy.example',
      '/k8s/clusters/c-1',
    ],
    ['10.0.0.1', 'https://10.0.0.1', '10.0.0.1', ''],
  ])('reads %s', (text, origin, hostname, pathPrefix) => {
    expect(parsed(text)).toEqual({ origin, hostname, pathPrefix })
  })

  it.each(['2130706433', '0x7f000001', '017700000001', '127.1', '0x7f.1', '0177.0.0.1', '127.0.0.1.'])(
    'T20: sees through the spelling %s of an address',
    (spelling) => {
      expect(parsed(`https://${spelling}:6443`)).toMatchObject({ hostname: '127.0.0.1' })
      expect(parsed(`${spelling}:6443`)).toMatchObject({ hostname: '127.0.0.1' })
    },
  )

  it('never throws, and reads its own canonical form as itself', () => {
    const text = fc.string({
      unit: fc.constantFrom(...'a 0 x . : / - @ [ ] % ? # h t p s \\'.split(' ')),
      maxLength: 40,
    })
    fc.assert(
      fc.property(fc.oneof(text, fc.webUrl(), fc.string()), (candidate) => {
        const first = parseKubernetesHost(candidate)
        if (!first.ok) return
        const again = parseKubernetesHost(first.host.origin + first.host.pathPrefix)
        expect(again).toEqual(first)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('comparing two hosts', () => {
  it.each([
    ['cluster.example', 'https://CLUSTER.example:443/', true],
    ['127.1', 'https://127.0.0.1', true],
    ['cluster.example', 'cluster.example:6443', false],
    ['cluster.example/a', 'cluster.example/b', false],
    ['cluster.example', 'other.example', false],
  ])('T8: %s and %s are the same: %s', (left, right, same) => {
    expect(isSameKubernetesHost(left, right)).toBe(same)
  })
})
