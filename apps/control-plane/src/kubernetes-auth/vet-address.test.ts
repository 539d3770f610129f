import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { vetAddress } from './vet-address.ts'

const internal = [
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '100.64.0.1',
  '::1',
  'fd12:3456::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '64:ff9b::a00:1',
  '::127.0.0.1',
]

const special = [
  '0.0.0.0',
  '0.1.2.3',
  '169.254.169.254',
  '169.254.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '192.0.0.192',
  '198.18.0.1',
  '168.63.129.16',
  '100.100.100.200',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  'fd00:ec2::254',
  'fd20:ce::254',
  '2002:7f00:1::',
  '2001:0:53aa:64c::1',
  '::7f00:1',
  '4000::1',
  '64:ff9b:1:a9fe:a9:fe00:808:808',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  'cluster.example',
  '',
]

describe('which addresses may be dialled', () => {
  it.each([...internal, ...special])('T20: refuses %s', (address) => {
    expect(vetAddress(address, { allowInternal: false })).toEqual(expect.any(String))
  })

  it.each(special)('T20: refuses %s even where internal hosts are allowed', (address) => {
    expect(vetAddress(address, { allowInternal: true })).toEqual(expect.any(String))
  })

  it.each(internal)('T20: takes %s where internal hosts are allowed', (address) => {
    expect(vetAddress(address, { allowInternal: true })).toBeUndefined()
  })

  it.each(internal)('T20: names the setting that opens %s', (address) => {
    expect(vetAddress(address, { allowInternal: false })).toContain('POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS')
  })

  it.each(special.filter((address) => isIP(address) !== 0))(
    'T20: says of %s that no setting opens it',
    (address) => {
      for (const allowInternal of [false, true]) {
        const reason = vetAddress(address, { allowInternal })
        expect(reason).toContain('which no setting opens')
        expect(reason).not.toContain('POSTERN_')
      }
    },
  )

  it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'takes %s',
    (address) => {
      expect(vetAddress(address, { allowInternal: false })).toBeUndefined()
    },
  )
})
