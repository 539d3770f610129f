/** How long each organization keeps its audit events. */
export interface AuditRetentionStore {
  /** Days, from 1 on; null where the organization has chosen none. Undefined: there is no such organization. */
  find(organizationId: string): Promise<number | null | undefined>
  /** False: there is no such organization. */
  set(organizationId: string, days: number | null): Promise<boolean>
  /**
   * Removes at most so many events that are older than their organization keeps them, where that is less than `daysMax`.
   * The others go by months: see `dropMonths`. Waits for no lock and is waited for by no login.
   * @returns how many were removed
   */
  removeOld(daysMax: number, rowsMax: number): Promise<number>
  /** Makes room for the events of this month and of the next ones, where there is none. @returns the tables made */
  addMonths(): Promise<string[]>
  /**
   * Removes the months whose every event is older than `daysMax`; that is how long those of nobody, of deleted
   * organizations, and of those that chose nothing are kept. Logins wait for a moment. @returns the tables removed
   */
  dropMonths(daysMax: number): Promise<string[]>
}
