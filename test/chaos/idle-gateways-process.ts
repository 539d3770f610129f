// Many gateways in one process that do nothing but stay, with the heartbeat that real ones have. Started with the
// server's origin; its CA, and then numbers of gateways that should be there, come by message.
import { once } from 'node:events'
import { connectPlainGateway } from './plain-gateway.ts'

const [origin = ''] = process.argv.slice(2)
const [ca] = (await once(process, 'message')) as [string]
const dialsAtOnce = 32
let started = 0

process.on('message', (count: number) => void grow(count))
process.once('disconnect', () => process.exit(0))
process.send?.('ready')

async function grow(count: number): Promise<void> {
  while (started < count) {
    const first = started
    started = Math.min(count, first + dialsAtOnce)
    await Promise.all(Array.from({ length: started - first }, (_, index) => connect(first + index)))
  }
  process.send?.(started)
}

/** Dials again when the tunnel ends, or does not come about: on a busy machine this process may be late for anything. */
async function connect(index: number, epoch = 1): Promise<void> {
  const again = (): Promise<void> => connect(index, epoch + 1)
  try {
    await connectPlainGateway({
      origin,
      ca,
      gatewayId: `gateway-${index}`,
      instanceId: `instance-of-${index}`,
      epoch,
      onClose: () => void again(),
    })
  } catch (error) {
    process.stderr.write(`gateway-${index} dials again: ${String(error)}\n`)
    await again()
  }
}
