import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SecretText } from '../secret-text.ts'
import { parseProxy } from './parse-proxy.ts'
import { chooseProxy } from './proxy-choice.ts'

function chosen(noProxy: string | undefined, host: string, port = 443): boolean {
  const outbound = {
    httpsProxy: new SecretText('http://proxy:3128'),
    httpProxy: undefined,
    noProxy,
    extraCaFile: undefined,
  }
  return chooseProxy(outbound, { host, port, tls: true }) !== undefined
}

describe('NO_PROXY', () => {
  it.each([
    ['postern.example.com', 'postern.example.com'],
    ['POSTERN.example.com', 'postern.EXAMPLE.com'],
    ['example.com', 'postern.example.com'],
    ['.example.com', 'postern.example.com'],
    ['*.example.com', 'postern.example.com'],
    ['other, example.com', 'postern.example.com'],
    ['other example.com', 'postern.example.com'],
    ['example.com:443', 'postern.example.com'],
    ['*', 'anything'],
    ['10.0.0.0/8', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:443', '10.1.2.3'],
    ['fd00::/8', 'fd00::1'],
    ['[fd00::1]', 'fd00::1'],
    ['[fd00::1]:443', 'fd00::1'],
  ])('%j leaves the proxy out for %s', (noProxy, host) => {
    expect(chosen(noProxy, host)).toBe(false)
  })

  it.each([
    [undefined, 'postern.example.com'],
    ['', 'postern.example.com'],
    [' , ', 'postern.example.com'],
    ['ple.com', 'postern.example.com'],
    ['example.com:8443', 'postern.example.com'],
    ['10.0.0.0/8', '11.1.2.3'],
    ['10.0.0.0/99', '10.1.2.3'],
    ['10.0.0.0/x', '10.0.0.0'],
    ['1.2.3', '10.1.2.3'],
    ['fd00::/8', 'fe80::1'],
  ])('%j leaves the proxy in for %s', (noProxy, host) => {
    expect(chosen(noProxy, host)).toBe(true)
  })

  it('has an answer to anything', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('a.example', '10.0.0.1', '::1'), (noProxy, host) => {
        expect(typeof chosen(noProxy, host)).toBe('boolean')
      }),
    )
  })
})

describe('the address of a proxy', () => {
  it.each([
    ['http://proxy:3128', { host: 'proxy', port: 3128, tls: false, authorization: undefined }],
    ['proxy:3128', { host: 'proxy', port: 3128, tls: false, authorization: undefined }],
    ['https://proxy/', { host: 'proxy', port: 443, tls: true, authorization: undefined }],
    ['http://[::1]:1', { host: '::1', port: 1, tls: false, authorization: undefined }],
    [
      'http://u:p%3A@proxy',
      {
        host: 'proxy',
        port: 80,
        tls: false,
        authorization: `Basic ${Buffer.from('u:p:').toString('base64')}`,
      },
    ],
  ])('is read from %s', (text, address) => {
    expect(parseProxy(text)).toEqual(address)
  })

  it.each(['socks5://proxy:1080', 'http://', '', 'http://u:%ZZ@proxy'])('is not read from %j', (text) => {
    expect(parseProxy(text)).toBeUndefined()
  })
})

it('is the one of the scheme that is dialled', () => {
  const outbound = {
    httpsProxy: undefined,
    httpProxy: new SecretText('http://plain:1'),
    noProxy: undefined,
    extraCaFile: undefined,
  }
  expect(chooseProxy(outbound, { host: 'a', port: 80, tls: false })?.host).toBe('plain')
  expect(chooseProxy(outbound, { host: 'a', port: 443, tls: true })).toBeUndefined()
})
