// Loaded into a process before its program (NODE_OPTIONS=--import): connections to one address go to another, as a
// router's address translation would have it. So a gateway dials the control plane under its public name, which its
// credential is signed for, and yet through a relay of its own. CHAOS_REDIRECT=127.0.0.1:8080=127.0.0.1:9090
import { Socket } from 'node:net'

const [from = '', to = ''] = (process.env['CHAOS_REDIRECT'] ?? '').split('=')
const [toHost = '', toPort = ''] = to.split(':')
const connect = Reflect.get(Socket.prototype, 'connect')

/** Node passes options on as a list that it has normalized; sockets that are made by hand pass them as they are. */
Socket.prototype.connect = function (this: Socket, ...given: unknown[]): Socket {
  const first: unknown = Array.isArray(given[0]) ? given[0][0] : given[0]
  if (isAddress(first) && `${first.host ?? 'localhost'}:${first.port}` === from) {
    Object.assign(first, { host: toHost, port: Number(toPort) })
  }
  return Reflect.apply(connect, this, given) as Socket
}

function isAddress(value: unknown): value is { host?: string; port: number | string } {
  return typeof value === 'object' && value !== null && 'port' in value
}
