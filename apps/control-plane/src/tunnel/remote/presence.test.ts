import { protocolLimits } from '@postern/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { announcedTunnel, presenceOf } from '../test/announced-tunnel.ts'
import { presenceLimits, readPresence, writePresence } from './presence.ts'

const { rootCertificatesMax, issuerKeysMax, tokenIssuerBytesMax, detailBytesMax, nameBytesMax } =
  protocolLimits
const hashes = (count: number) => Array.from({ length: count }, (_, index) => Buffer.alloc(32, index))

describe('what a replica says of its tunnels', () => {
  test('is read as it was written', () => {
    const said = presenceOf({
      here: [
        announcedTunnel(),
        announcedTunnel({
          tunnelId: 'tunnel-2',
          roundTripMs: 2.5,
          health: {
            kind: 'health',
            apiServerReachable: true,
            mayReviewTokens: false,
            credentialExpiresAtS: 7,
            detail: 'no right',
          },
          cluster: {
            kind: 'cluster',
            rootCaSha256: hashes(2),
            tokenIssuer: 'https://issuer',
            issuerKeySha256: hashes(1),
          },
        }),
      ],
      gone: ['tunnel-3'],
    })
    expect(readPresence(writePresence(said))).toEqual(said)
  })

  test('fits one message, however much each gateway says', () => {
    const name = 'n'.repeat(nameBytesMax)
    const most = announcedTunnel({
      tunnelId: name,
      gatewayId: name,
      organizationId: name,
      instanceId: name,
      keyId: name,
      health: {
        kind: 'health',
        apiServerReachable: true,
        mayReviewTokens: true,
        credentialExpiresAtS: 2 ** 53,
        // Six bytes each in JSON.
        detail: '\u0001'.repeat(detailBytesMax),
      },
      cluster: {
        kind: 'cluster',
        rootCaSha256: hashes(rootCertificatesMax),
        tokenIssuer: '\u0001'.repeat(tokenIssuerBytesMax),
        issuerKeySha256: hashes(issuerKeysMax),
      },
    })
    const message = writePresence(
      presenceOf({
        here: Array.from({ length: presenceLimits.hereMax }, () => most),
        gone: [],
      }),
    )
    expect(message.length).toBeLessThan(presenceLimits.bytesMax)
    expect(readPresence(message)?.here).toHaveLength(presenceLimits.hereMax)
    const goodbyes = writePresence(
      presenceOf({ gone: Array.from({ length: presenceLimits.goneMax }, () => name) }),
    )
    expect(readPresence(goodbyes)?.gone).toHaveLength(presenceLimits.goneMax)
  })

  test('may hold what a later version adds', () => {
    const said: unknown = { ...presenceOf(), here: [{ ...announcedTunnel(), colour: 'red' }], mood: 'good' }
    expect(readPresence(Buffer.from(JSON.stringify(said)))).toEqual(presenceOf({ here: [announcedTunnel()] }))
  })

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', '[]'],
    ['too many tunnels', { ...presenceOf(), here: Array.from({ length: 51 }, () => announcedTunnel()) }],
    ['too many goodbyes', { ...presenceOf(), gone: Array.from({ length: 2001 }, () => 'tunnel') }],
    ['a long name', { ...presenceOf(), processId: 'p'.repeat(129) }],
    ['a sequence that is no number', { ...presenceOf(), sequence: '1' }],
    [
      'a tunnel without an organization',
      { ...presenceOf(), here: [{ ...announcedTunnel(), organizationId: '' }] },
    ],
    [
      'a fingerprint of another length',
      {
        ...presenceOf(),
        here: [
          {
            ...announcedTunnel(),
            cluster: { rootCaSha256: ['AAAA'], tokenIssuer: '', issuerKeySha256: [] },
          },
        ],
      },
    ],
    ['more than one message holds', { ...presenceOf(), pad: 'p'.repeat(presenceLimits.bytesMax) }],
  ])('is dropped when it is %s', (_, said) => {
    const text = typeof said === 'string' ? said : JSON.stringify(said)
    expect(readPresence(Buffer.from(text))).toBeUndefined()
  })

  test('never throws, whatever comes', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(anything, (message) => {
        expect(readPresence(message)).toBeUndefined()
      }),
    )
  })
})
