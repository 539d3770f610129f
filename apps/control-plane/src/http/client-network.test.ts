import { expect, it } from 'vitest'
import { clientNetworkOf } from './client-network.ts'

it.each([
  ['an IPv4 address is alone', '203.0.113.7', '203.0.113.7'],
  ['of IPv6 it is the /64', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['zeros left out at the end count', '2001:db8:1:2::', '2001:db8:1:2'],
  ['zeros left out within the /64 count', '2a00::7:1:2:3:4', '2a00:0:0:7'],
  ['zeros left out across its end count', '2a00::1', '2a00:0:0:0'],
  ['zeros left out in front count', '::1', '0:0:0:0'],
  ['zeros that are written count the same', '2a00:0:0:7:1:2:3:4', '2a00:0:0:7'],
  ['what is no address is alone', 'unknown', 'unknown'],
  ['nor is what only looks like one', 'a:b', 'a:b'],
])('%s', (_title, address, network) => {
  expect(clientNetworkOf(address)).toBe(network)
})
