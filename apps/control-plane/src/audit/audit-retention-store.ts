/** How long each organization keeps its audit events. */
export interface AuditRetentionStore {
  /** Days, from 1 on; null where the organization has chosen none. Undefined: there is no such organization. */
  find(organizationId: string): Promise<number | null | undefined>
  /** False: there is no such organization. */
  set(organizationId: string, days: number | null): Promise<boolean>
  /**
   * Removes at most so many events that are older than their organization keeps them, or than `daysMax`; that is also
   * how long events of nobody and of deleted organizations are kept. Waits for no lock and is waited for by no login.
   * @returns how many were removed
   */
  removeOld(daysMax: number, rowsMax: number): Promise<number>
}
