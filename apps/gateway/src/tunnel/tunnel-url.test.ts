import { expect, test } from 'vitest'
import { tunnelAddress } from './tunnel-url.ts'

test.each([
  [
    'https://postern.example.com',
    'wss://postern.example.com/api/v3/gateways/tunnel',
    'https://postern.example.com',
  ],
  [
    'https://postern.example.com/',
    'wss://postern.example.com/api/v3/gateways/tunnel',
    'https://postern.example.com',
  ],
  ['https://p.example:8443', 'wss://p.example:8443/api/v3/gateways/tunnel', 'https://p.example:8443'],
  ['http://127.0.0.1:8080', 'ws://127.0.0.1:8080/api/v3/gateways/tunnel', 'http://127.0.0.1:8080'],
  ['https://example.com/postern/', 'wss://example.com/postern/api/v3/gateways/tunnel', 'https://example.com'],
])('the tunnel of %s is dialled at %s', (controlPlaneUrl, url, origin) => {
  expect(tunnelAddress(controlPlaneUrl)).toEqual({ url, origin })
})
