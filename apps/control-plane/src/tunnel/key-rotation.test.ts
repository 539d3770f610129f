import { expect, it } from 'vitest'
import { KeyRotations, type RotateGatewayKey } from './key-rotation.ts'

type Code = Awaited<ReturnType<RotateGatewayKey>>['code']

async function logged(code: Code): Promise<[level: string, message: string][]> {
  const lines: [string, string][] = []
  const rotations = new KeyRotations({
    asker: { gatewayId: 'gateway', organizationId: 'organization', keyId: 'old' },
    rotateGatewayKey: async () => ({ code, keyId: 'new', detail: '' }),
    now: () => 0,
    elapsed: () => 0,
    send: () => undefined,
    log: {
      info: (_, message) => void lines.push(['info', message]),
      warn: (_, message) => void lines.push(['warn', message]),
    },
  })
  await rotations.take({ kind: 'rotate-key', publicKey: new Uint8Array(32), proof: new Uint8Array(64) })
  return lines
}

it('the log says of a refused rotation that there was none', async () => {
  expect(await logged('rotated')).toEqual([['info', 'a gateway rotated its key']])
  expect(await logged('refused')).toEqual([['warn', 'a gateway’s key was not rotated']])
})
