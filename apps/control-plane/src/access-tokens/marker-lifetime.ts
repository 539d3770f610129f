import { accessTokenLifetimeMaxSeconds } from './access-token-settings.ts'

/** A renewal on a replica that has not yet heard of the revocation, and clocks that are read in whole seconds. */
export const markerMarginSeconds = 3600

/** For a marker that reaches more than one token: no token that it can meet lives longer. */
export const widerMarkerLifetimeSeconds = accessTokenLifetimeMaxSeconds + markerMarginSeconds
