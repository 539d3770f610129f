// A relay as a process of its own, so that neither side's load delays the network between them. Arguments: the target's
// host and port, and the port to listen on (0 for any). Takes a RelayOrder by IPC and answers each with a RelayAnswer;
// ends when its parent is gone.
import { goFirst } from './go-first.ts'
import { Relay } from './relay.ts'
import type { RelayAnswer, RelayOrder } from './start-relay.ts'

const [host = '', port = '', listenPort = '0'] = process.argv.slice(2)
goFirst()
const relay = await Relay.open({ host, port: Number(port) }, Number(listenPort))

function answer(message: RelayAnswer): void {
  process.send?.(message)
}

async function obey({ id, order }: RelayOrder): Promise<void> {
  if (order.kind === 'apply') await relay.apply(order.faults)
  if (order.kind === 'cut') relay.cutAll(order.how)
  answer({ id, port: relay.port, figures: relay.figures })
}

process.on('message', (message: RelayOrder) => void obey(message))
process.once('disconnect', () => process.exit(0))
answer({ id: 0, port: relay.port, figures: relay.figures })
