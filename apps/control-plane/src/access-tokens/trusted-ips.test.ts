import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TrustedIp, anyAddress, isTrusted, parseTrustedIp, restrictsAddresses } from './trusted-ips.ts'

function parsed(text: string): TrustedIp {
  const ip = parseTrustedIp(text)
  if ('problem' in ip) throw new Error(`${text}: ${ip.problem}`)
  return ip
}

describe('what users type as a trusted address', () => {
  it.each<[string, TrustedIp]>([
    ['203.0.113.7', { ipAddress: '203.0.113.7', type: 'ipv4' }],
    [' 10.0.0.0/8 ', { ipAddress: '10.0.0.0', type: 'ipv4', prefix: 8 }],
    ['0.0.0.0/0', { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 }],
    ['10.1.2.3/8', { ipAddress: '10.1.2.3', type: 'ipv4', prefix: 8 }],
    ['::/0', { ipAddress: '::', type: 'ipv6', prefix: 0 }],
    ['2001:DB8::1', { ipAddress: '2001:DB8::1', type: 'ipv6' }],
    ['2001:db8::/32', { ipAddress: '2001:db8::', type: 'ipv6', prefix: 32 }],
    ['::ffff:10.0.0.0/104', { ipAddress: '::ffff:10.0.0.0', type: 'ipv6', prefix: 104 }],
  ])('%s is read with the prefix apart', (text, expected) => {
    expect(parseTrustedIp(text)).toEqual(expected)
  })

  it.each([
    ['', 'empty'],
    ['example.com', 'a host name'],
    ['10.0.0', 'three parts'],
    ['10.0.0.1.5', 'five parts'],
    ['010.0.0.1', 'octal'],
    ['0x7f.0.0.1', 'hexadecimal'],
    ['2130706433', 'one number'],
    ['10.0.0.256', 'a part above 255'],
    ['10.0.0.0/33', 'a prefix above 32'],
    ['::/129', 'a prefix above 128'],
    ['10.0.0.0/', 'an empty prefix'],
    ['10.0.0.0/08', 'a prefix with a leading zero'],
    ['10.0.0.0/-1', 'a negative prefix'],
    ['10.0.0.0/8/8', 'two prefixes'],
    ['10.0.0.0/255.0.0.0', 'a net mask'],
    ['10.0.0.0 /8', 'a space within'],
    ['10.0.0.1:443', 'a port'],
    ['[::1]', 'brackets'],
    ['fe80::1%eth0', 'a zone'],
    ['10.0.0.1\0', 'a NUL'],
    ['１０.0.0.1', 'full-width digits'],
  ])('%j is refused: %s', (text) => {
    expect(parseTrustedIp(text)).toHaveProperty('problem')
  })

  it('never throws, and what it accepts can be matched', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (text) => {
        const ip = parseTrustedIp(text)
        expect('problem' in ip || isTrusted(ip.ipAddress, [ip])).toBe(true)
      }),
    )
  })
})

describe('trust', () => {
  it.each<[string, string, boolean]>([
    ['203.0.113.7', '203.0.113.7', true],
    ['203.0.113.8', '203.0.113.7', false],
    ['10.200.3.4', '10.1.2.3/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['9.255.255.255', '10.0.0.0/8', false],
    ['::ffff:203.0.113.7', '203.0.113.7', true],
    ['::ffff:cb00:7107', '203.0.113.7', true],
    ['203.0.113.7', '::ffff:203.0.113.7', true],
    ['10.9.9.9', '::ffff:10.0.0.0/104', true],
    ['11.9.9.9', '::ffff:10.0.0.0/104', false],
    ['2001:0db8:0000::0001', '2001:db8::1', true],
    ['2001:db8:ffff::', '2001:db8::/32', true],
    ['2001:db9::', '2001:db8::/32', false],
    ['198.51.100.1', '::/0', false],
    ['::ffff:198.51.100.1', '::/0', false],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['198.51.100.1', '0.0.0.0/0', true],
    ['::10.0.0.1', '10.0.0.0/8', false],
    ['10.0.0.1', '::10.0.0.1', false],
    ['::10.0.0.1', '::10.0.0.1', true],
  ])('of %s by %s: %s', (clientIp, rule, expected) => {
    expect(isTrusted(clientIp, [parsed(rule)])).toBe(expected)
  })

  it.each([
    '',
    'unknown',
    'localhost',
    '198.51.100.1:443',
    '[2001:db8::1]',
    'fe80::1%eth0',
    '0198.51.100.1',
    '198.51.100.1, 10.0.0.1',
    '198.51.100.1\0',
  ])('T35: the client address %j is never trusted, even where every address is', (clientIp) => {
    expect(isTrusted(clientIp, anyAddress)).toBe(false)
  })

  it('is nobody’s when the list is empty', () => {
    expect(isTrusted('198.51.100.1', [])).toBe(false)
  })

  it('of an IPv4 network is the comparison of its leading bits', () => {
    const number = fc.integer({ min: 0, max: 0xffff_ffff })
    fc.assert(
      fc.property(number, number, fc.integer({ min: 0, max: 32 }), (client, network, prefix) => {
        const rule: TrustedIp = { ipAddress: dotted(network), type: 'ipv4', prefix }
        const shift = 2 ** (32 - prefix)
        const expected = Math.floor(client / shift) === Math.floor(network / shift)
        expect(isTrusted(dotted(client), [rule])).toBe(expected)
      }),
    )
  })

  it('of an address within a network of any prefix always holds', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, prefix) => {
        const ip = parseTrustedIp(`${address}/${String(prefix)}`)
        expect('problem' in ip || isTrusted(address, [ip]) || (isMapped(address) && prefix < 96)).toBe(true)
      }),
    )
  })
})

describe('a restriction', () => {
  it.each<[readonly string[], boolean]>([
    [['0.0.0.0/0', '::/0'], false],
    [['0.0.0.0/0'], true],
    [['10.0.0.0/8', '::/0'], true],
    [['10.0.0.0/8', '0.0.0.0/0', '::/0'], false],
  ])('by %j is one: %s', (rules, expected) => {
    expect(restrictsAddresses(rules.map(parsed))).toBe(expected)
  })
})

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}

function isMapped(address: string): boolean {
  return /^(0*:)*:?ffff:/i.test(address)
}
