export { FrameSocket, type FrameListener } from './connection/frame-socket.ts'
export { Heartbeat, heartbeatDefaults, type HeartbeatOptions, type PeerLoad } from './connection/heartbeat.ts'
export { decodeFrame, encodeFrame, FrameTooLargeError } from './codec.ts'
export type { FailureCode, GoAwayCode, RefusalCode, ResetCode } from './codes.ts'
export type * from './frames.ts'
export { clampText, gatewayLimits, protocolLimits } from './limits.ts'
export {
  features,
  minorVersion,
  ownFeatures,
  tunnelPath,
  tunnelSubprotocol,
  versionHistory,
} from './version.ts'
