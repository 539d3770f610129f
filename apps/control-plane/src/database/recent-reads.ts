/** What was read from the database a moment ago, by id: no read for each call, and never older than `ageMsMax`. */
export interface RecentReads<Value> {
  find(id: string): Promise<Value>
  /** Call it after each committed change: whoever asks from now on gets the new state. */
  forget(id: string): void
}

export interface RecentReadsOptions<Value> {
  read: (id: string) => Promise<Value>
  /** Never steps back. */
  nowMs: () => number
  ageMsMax?: number
  entriesMax?: number
}

interface Entry<Value> {
  value: Promise<Value>
  readAtMs: number
}

export function createRecentReads<Value>(options: RecentReadsOptions<Value>): RecentReads<Value> {
  const { read, nowMs, ageMsMax = 1000, entriesMax = 10_000 } = options
  const entries = new Map<string, Entry<Value>>()

  function readAnew(id: string): Promise<Value> {
    const value = read(id)
    const entry = { value, readAtMs: nowMs() }
    entries.delete(id)
    entries.set(id, entry)
    const [oldest] = entries.keys()
    if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest)
    // A failure is told to those who wait for it, and not remembered.
    value.catch(() => {
      if (entries.get(id) === entry) entries.delete(id)
    })
    return value
  }

  return {
    find: (id) => {
      const entry = entries.get(id)
      return entry !== undefined && nowMs() - entry.readAtMs < ageMsMax ? entry.value : readAnew(id)
    },
    // Dropping the entry also drops a read under way, which may have seen the state before the change.
    forget: (id) => void entries.delete(id),
  }
}
