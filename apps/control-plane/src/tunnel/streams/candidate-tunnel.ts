import type { ClusterFrame } from '@postern/protocol'
import type { GatewayProcess } from './stream-calls.ts'

/** A live tunnel, of this replica or of another, as far as choosing one for a stream goes. */
export interface CandidateTunnel extends GatewayProcess {
  readonly organizationId: string
  readonly isRoutable: boolean
  readonly isSuspect: boolean
  readonly cluster: ClusterFrame | undefined
  /** Whether both ends speak a feature, by its bit. */
  speaks(feature: number): boolean
}
