export { FrameSocket, type FrameListener } from './connection/frame-socket.ts'
export { Heartbeat, heartbeatDefaults, type HeartbeatOptions, type PeerLoad } from './connection/heartbeat.ts'
export { decodeFrame, encodeFrame, FrameTooLargeError } from './codec.ts'
export type {
  FailureCode,
  GoAwayCode,
  KeyRotationCode,
  RefusalCode,
  ResetCode,
  TunnelPurpose,
} from './codes.ts'
export type * from './frames.ts'
export { clampText, gatewayLimits, protocolLimits } from './limits.ts'
export { rotationProofText } from './rotation-proof.ts'
export {
  features,
  minorVersion,
  ownFeatures,
  tunnelPath,
  tunnelSubprotocol,
  versionHistory,
} from './version.ts'
