/** What is wrong with the way between two machines. All times in milliseconds. */
export interface LinkFaults {
  /**
   * Bytes in this direction are read and thrown away while the sockets stay open, ends and resets included. A direction
   * that has lost a byte stays dead for that connection, since TCP never delivers what follows a gap.
   */
  dropsToServer: boolean
  dropsToClient: boolean
  /** One way, added to each direction. */
  delayMs: number
  /** Of the link as a whole, for each direction; undefined for no limit. */
  megabitsPerSecond: number | undefined
  /** Cuts a connection on which nothing has moved for this long. */
  cutAfterIdleMs: number | undefined
  /** Cuts a connection that has lived this long. */
  cutAfterAgeMs: number | undefined
  /** How a connection is cut: by RST, by FIN, or by forgetting it without a word, as address translators do. */
  cutBy: 'reset' | 'end' | 'silence'
  /** What a new connection meets: the server, nobody (connected, and never a byte), or a closed port. */
  accepts: 'relay' | 'silence' | 'refuse'
}

export const noFaults: LinkFaults = {
  dropsToServer: false,
  dropsToClient: false,
  delayMs: 0,
  megabitsPerSecond: undefined,
  cutAfterIdleMs: undefined,
  cutAfterAgeMs: undefined,
  cutBy: 'reset',
  accepts: 'relay',
}

export interface RelayFigures {
  /** Connections that are open now. */
  open: number
  accepted: number
  /** Cut by idleness, age or command. */
  cut: number
  bytesToServer: number
  bytesToClient: number
}
