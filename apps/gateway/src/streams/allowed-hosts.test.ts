import { describe, expect, test } from 'vitest'
import { findAllowedHost, parseAllowedHosts, type AllowedHosts } from './allowed-hosts.ts'

const own = 'https://10.96.0.1:6443'

function hosts(text: string | undefined, apiServerUrl = own): AllowedHosts {
  const parsed = parseAllowedHosts(text, apiServerUrl)
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.value
}

describe('the hosts that raw streams may lead to', () => {
  test.each([
    [own, { host: '10.96.0.1', port: 6443 }],
    ['https://Kubernetes.default.svc', { host: 'kubernetes.default.svc', port: 443 }],
    ['https://kubernetes.default.svc.', { host: 'kubernetes.default.svc', port: 443 }],
    ['https://[fd00::1]:6443', { host: 'fd00::1', port: 6443 }],
  ])('are the own API server when nothing is set: %s', (url, host) => {
    expect(hosts(undefined, url)).toEqual([host])
  })

  test('are none when the list is empty', () => {
    expect(hosts(' , ')).toEqual([])
  })

  test.each([
    '10.0.0.1',
    'https://10.0.0.1:443',
    'host:0',
    'host:65536',
    'host:http',
    'a b:443',
    '::1:443',
    'user@host:443',
    'host/path:443',
    '*.example.com:443,[::1]',
  ])('are refused as a whole when one is no host with a port: %s', (text) => {
    expect(parseAllowedHosts(text, own)).toEqual({
      problem: expect.stringContaining('POSTERN_ALLOWED_KUBERNETES_HOSTS'),
    })
  })

  const allowed = hosts('10.0.0.1:6443, API.example.com:443, [2001:DB8::1]:6443')

  test.each([
    [{ host: '10.0.0.1', port: 6443 }],
    [{ host: 'api.EXAMPLE.com', port: 443 }],
    [{ host: 'api.example.com.', port: 443 }],
    [{ host: '2001:db8:0::1', port: 6443 }],
    [{ host: '[2001:db8::1]', port: 6443 }],
  ])('T47: allow exactly what is listed: %o', (target) => {
    expect(findAllowedHost(allowed, target)).toBeDefined()
  })

  test.each([
    [{ host: '10.0.0.1', port: 443 }],
    [{ host: '10.0.0.10', port: 6443 }],
    [{ host: 'evil.api.example.com', port: 443 }],
    [{ host: 'api.example.com.evil.test', port: 443 }],
    [{ host: 'api.example.com:443@evil.test', port: 443 }],
    [{ host: 'evil.test/api.example.com', port: 443 }],
    [{ host: 'api.example.com#', port: 443 }],
    [{ host: 'api.example.com\0', port: 443 }],
    [{ host: '', port: 443 }],
    [{ host: '127.0.0.1', port: 6443 }],
    [{ host: '::ffff:10.0.0.1', port: 6443 }],
    [{ host: 'fe80::1%eth0', port: 6443 }],
  ])('T47: allow nothing else: %o', (target) => {
    expect(findAllowedHost(allowed, target)).toBeUndefined()
  })

  test('T47: are dialled as the configuration spells them, not as the control plane does', () => {
    expect(findAllowedHost(allowed, { host: 'Api.Example.COM.', port: 443 })).toEqual({
      host: 'api.example.com',
      port: 443,
    })
  })
})
