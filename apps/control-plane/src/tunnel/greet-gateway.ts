import { features, type FrameSocket, type HelloFrame, type RefusalCode } from '@postern/protocol'

export type Greeting =
  | { kind: 'hello'; hello: HelloFrame }
  | { kind: 'refuse'; code: RefusalCode; message: string; permanent: boolean }
  /** The gateway went away, or said nothing in time. */
  | { kind: 'gone'; detail: string }

/** Waits for Hello. Never rejects; what follows Hello waits in the socket. */
export async function greetGateway(socket: FrameSocket, deadline: AbortSignal): Promise<Greeting> {
  const { promise, resolve } = Promise.withResolvers<Greeting>()
  const onDeadline = (): void => {
    resolve({ kind: 'gone', detail: 'no Hello in time' })
  }
  deadline.addEventListener('abort', onDeadline)
  if (deadline.aborted) onDeadline()
  socket.listen({
    frame(frame) {
      socket.listen(undefined)
      resolve(frame.kind === 'hello' ? judge(frame) : malformedHello(`the first frame was ${frame.kind}`))
    },
    malformed: (reason) => {
      resolve(malformedHello(reason))
    },
    closed: (detail) => {
      resolve({ kind: 'gone', detail })
    },
  })
  const greeting = await promise
  deadline.removeEventListener('abort', onDeadline)
  return greeting
}

function judge(hello: HelloFrame): Greeting {
  if ((hello.features & features.reviews) !== 0) return { kind: 'hello', hello }
  const message = 'this gateway does not say that it can review tokens: upgrade it'
  return { kind: 'refuse', code: 'unsupported-version', message, permanent: true }
}

function malformedHello(message: string): Greeting {
  return { kind: 'refuse', code: 'malformed-hello', message, permanent: false }
}
