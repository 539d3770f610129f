import type { RawStream, ResetCode, StreamOpening } from '@postern/protocol'
import { allowedHostsVariable, describeHost, findAllowedHost, type AllowedHosts } from './allowed-hosts.ts'
import type { DialHost, HostConnection } from './dial-host.ts'

export interface ServeStreamOptions {
  allowedHosts: AllowedHosts
  dialHost: DialHost
  /** A stream was refused, with the reason that the control plane gets. */
  onRefused: (target: string, code: ResetCode, detail: string) => void
}

/** Meets the wish for a stream: it is joined to a TCP connection, or refused with the reason. Never rejects. */
export function createServeStream(options: ServeStreamOptions): (opening: StreamOpening) => Promise<void> {
  const { allowedHosts, dialHost, onRefused } = options
  return async (opening) => {
    const name = describeHost(opening)
    const refuse = (code: ResetCode, detail: string): void => {
      opening.refuse(code, detail)
      if (!opening.signal.aborted) onRefused(name, code, detail)
    }
    const allowed = findAllowedHost(allowedHosts, opening)
    if (allowed === undefined) {
      const list = allowedHosts.map(describeHost).join(', ')
      refuse(
        'host-not-allowed',
        `this gateway connects to ${list === '' ? 'no host' : `${list} only`}: to allow ${name}, add it to its ${allowedHostsVariable}`,
      )
      return
    }
    const dialled = await dialHost(allowed, opening.signal)
    if (dialled.kind === 'failed') {
      refuse(dialled.code, `${name}: ${dialled.detail}`)
      return
    }
    const stream = opening.accept()
    if (stream === undefined) dialled.socket.destroy()
    else join(stream, dialled)
  }
}

/** Each direction ends on its own; when one of the two breaks, so does the other. */
function join(stream: RawStream, { socket, read }: HostConnection): void {
  stream.pipe(socket)
  socket.on('end', () => stream.end())
  // A piece is written when its frames are made, which have memory of their own.
  read((piece, next) => void stream.write(piece, next))
  // The end of the connection follows, and says it to the stream.
  socket.on('error', () => undefined)
  socket.on('close', (hasFailed) => {
    if (hasFailed || !socket.readableEnded) stream.destroy()
  })
  stream.on('close', () => {
    if (stream.errored !== null || !stream.readableEnded || !stream.writableFinished) socket.destroy()
  })
}
