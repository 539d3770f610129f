import { randomUUID } from 'node:crypto'
import type { TunnelWatch } from '../tunnel-registry.ts'
import { readPresence } from './presence.ts'
import { RemoteAsking } from './remote-asking.ts'
import type { RemoteObserver } from './remote-observer.ts'
import { readReviewMail } from './remote-review.ts'
import { RemoteTunnelTable } from './remote-tunnel-table.ts'
import { SenderClocks } from './sender-clocks.ts'
import { ServedReviews } from './served-reviews.ts'
import { TunnelAnnouncer } from './tunnel-announcer.ts'
import { askTopic, mailTopicOf, presenceTopic, type TunnelBus } from './tunnel-bus.ts'

export interface RemoteTunnelsOptions {
  bus: TunnelBus
  /** Names this replica in audit logs. */
  replicaId: string
  /** What others dial for raw streams, host:port. */
  streamAddress?: () => string | undefined
  observer: RemoteObserver
  /** Milliseconds from any fixed moment; never goes back. */
  elapsed: () => number
  timings?: Partial<RemoteTimings>
}

export interface RemoteTunnels {
  /** Tunnels that other replicas hold. */
  readonly table: RemoteTunnelTable
  /** Is to be told of this replica's own tunnels. */
  readonly watch: TunnelWatch
  /** Tells the others that this replica's tunnels are gone, and forgets theirs. */
  close(): void
}

export interface RemoteTimings {
  /** From one word about each tunnel to the next. */
  announceMs: number
  /** From one look for gateways that have fallen silent to the next. */
  suspectsMs: number
  /** From one look for replicas that have fallen silent to the next. */
  forgetMs: number
}

const defaultTimings: RemoteTimings = { announceMs: 5_000, suspectsMs: 500, forgetMs: 1_000 }

/** What replicas know of each other's tunnels, and the reviews that they do for each other. */
export function openRemoteTunnels(options: RemoteTunnelsOptions): RemoteTunnels {
  const { bus, replicaId, observer, elapsed } = options
  const processId = randomUUID()
  const clocks = new SenderClocks(elapsed)
  const served = new ServedReviews({ bus, clocks, observer, elapsed })
  const announcer = new TunnelAnnouncer({
    bus,
    processId,
    replicaId,
    streamAddress: options.streamAddress ?? (() => undefined),
    serve: (session) => served.serve(session),
    hasHearers: () => table.replicaCount > 0,
    elapsed,
  })
  const table: RemoteTunnelTable = new RemoteTunnelTable({
    isConnected: () => bus.isConnected,
    ask: (tunnel, attempt) => asking.ask(tunnel, attempt),
    replicaFound: () => announcer.announceAll(),
    replicaLost: (lost) => clocks.forget(lost),
    observer,
    elapsed,
  })
  const asking = new RemoteAsking({
    bus,
    processId,
    foundGone: (tunnel) => table.foundGone(tunnel),
    foundNobody: (tunnel) => table.foundNobody(tunnel),
    foundSilent: (tunnel) => table.foundSilent(tunnel),
    observer,
    elapsed,
  })
  observer.countRemoteBy(() => ({ replicas: table.replicaCount, tunnels: table.size }))
  const hearPresence = (message: Uint8Array): void => {
    const presence = readPresence(message)
    if (presence === undefined) observer.presenceDropped('malformed')
    else if (presence.processId !== processId) {
      clocks.latenessMs(presence.processId, presence.sentAtMs)
      table.hear({ ...presence, here: presence.here.filter(({ tunnelId }) => !announcer.has(tunnelId)) })
    }
  }
  const hearMail = (message: Uint8Array): void => {
    const mail = readReviewMail(message)
    if (mail?.kind === 'accepted') asking.accepted(mail)
    else if (mail?.kind === 'cancelled') served.cancelled(mail)
  }
  /** They are told first that this replica is there, so that they answer. */
  const askOthers = (): void => {
    announcer.announceAgain()
    bus.publish(askTopic, new Uint8Array())
  }
  // Once whatever is opened beside it is there: what is said names it.
  const firstAsking = setImmediate(askOthers)
  const stops = [
    bus.listen(presenceTopic, hearPresence),
    bus.listen(mailTopicOf(processId), hearMail),
    bus.listen(askTopic, () => announcer.announceAll()),
    bus.onReconnected(() => {
      table.reconnected()
      askOthers()
    }),
    ...startTimers({ ...defaultTimings, ...options.timings }, announcer, table),
    () => clearImmediate(firstAsking),
  ]
  return {
    table,
    watch: announcer,
    close: () => {
      for (const stop of stops) stop()
      announcer.leave()
      served.close()
      table.close()
    },
  }
}

function startTimers(
  { announceMs, suspectsMs, forgetMs }: RemoteTimings,
  announcer: TunnelAnnouncer,
  table: RemoteTunnelTable,
): (() => void)[] {
  const timers = [
    setInterval(() => announcer.announceAgain(), announceMs),
    setInterval(() => announcer.announceSuspects(), suspectsMs),
    setInterval(() => table.forgetSilent(), forgetMs),
  ]
  return timers.map((timer) => () => clearInterval(timer))
}
