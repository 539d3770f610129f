import { openHttpCaller } from './http-caller.ts'

export interface Connections {
  /** One call on a connection of its own; any other status than the expected one ends the run. */
  call: (index: number) => Promise<void>
  close: () => void
}

/** As many connections as calls under way; each call takes a free one and the next of the requests. */
export async function openConnections(
  to: { url: string; caCert?: string },
  requests: readonly Buffer[],
  expected: number,
  inFlight: number,
): Promise<Connections> {
  const callers = await Promise.all(Array.from({ length: inFlight }, () => openHttpCaller(to.url, to.caCert)))
  const free = [...callers]
  return {
    async call(index) {
      // The one that rested longest: a server closes those that nobody uses.
      const caller = free.shift()
      const request = requests[index % requests.length]
      if (caller === undefined || request === undefined)
        throw new Error('more calls under way than connections')
      const status = await caller.call(request)
      free.push(caller)
      if (status !== expected) throw new Error(`${to.url} answered ${status}`)
    },
    close: () => callers.forEach((caller) => caller.close()),
  }
}
