/** What happens on the bus, for metrics. Every call is synchronous and must not throw. */
export interface BusObserver {
  /** Called once, with the function that tells how it stands; it is called whenever metrics are read. */
  standingBy: (standing: () => BusStanding) => void
  /** @param isFirst of this process */
  connected: (isFirst: boolean) => void
  disconnected: () => void
  requestEnded: (outcome: string, durationMs: number) => void
  /** Heard, and neither answered nor told to anybody. */
  discarded: (reason: DiscardReason) => void
  /** Not sent: no connection, too long, or too much under way. */
  unsent: () => void
}

export interface BusStanding {
  isConnected: boolean
  /** Host and port of the NATS server. */
  server: string | undefined
  /** Of the last ping; undefined before the first. */
  roundTripMs: number | undefined
  /** Requests that wait for an answer. */
  waiting: number
}

export type DiscardReason =
  /** Not sealed with the instance secret, sealed for another place, or changed on the way. */
  | 'unreadable'
  | 'replayed'
  /** More requests than this replica answers at once. */
  | 'overload'

export const silentBusObserver: BusObserver = {
  standingBy: () => undefined,
  connected: () => undefined,
  disconnected: () => undefined,
  requestEnded: () => undefined,
  discarded: () => undefined,
  unsent: () => undefined,
}
