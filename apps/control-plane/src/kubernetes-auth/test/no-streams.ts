import { StreamError } from '@postern/protocol'
import type { OpenStream } from '../connect-through-gateway.ts'

/** For tests without gateways. */
export const noStreams: OpenStream = () =>
  Promise.reject(new StreamError('connection-lost', 'no gateway is connected'))
