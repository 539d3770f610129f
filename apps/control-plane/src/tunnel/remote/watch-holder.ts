import { reviewTopicOf, type TunnelBus } from './tunnel-bus.ts'

/** Few reviews take as long; hedges do not wait for it. */
const everyMs = 250
const nothing = new Uint8Array()

export interface HolderWatch {
  /** It has answered a look: where a review gets no sign, it is the gateway that is silent. */
  wasSeen(): boolean
  stop(): void
}

/**
 * While an answer is awaited: looks whether anybody holds the tunnel still. A replica that was killed with the request in
 * its hands never answers, and nobody else says so.
 * @param lost called at most once
 */
export function watchHolder(
  bus: Pick<TunnelBus, 'request'>,
  tunnelId: string,
  lost: () => void,
): HolderWatch {
  let isOver = false
  let wasSeen = false
  const look = async (): Promise<void> => {
    const { kind } = await bus.request(reviewTopicOf(tunnelId), nothing, { timeoutMs: everyMs })
    if (isOver) return
    wasSeen ||= kind === 'answered'
    if (kind === 'no-responders') lost()
    else timer = setTimeout(() => void look(), everyMs)
  }
  let timer = setTimeout(() => void look(), everyMs)
  return {
    wasSeen: () => wasSeen,
    stop: () => {
      isOver = true
      clearTimeout(timer)
    },
  }
}

/** Whether a request is only such a look. */
export function isLook(message: Uint8Array): boolean {
  return message.byteLength === 0
}
