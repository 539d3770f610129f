export { FrameSocket, type FrameListener } from './connection/frame-socket.ts'
export {
  Heartbeat,
  heartbeatDefaults,
  type EveryInterval,
  type HeartbeatOptions,
  type PeerLoad,
} from './connection/heartbeat.ts'
export { decodeFrame, encodeFrame, FrameTooLargeError } from './codec.ts'
export { failureNumbers, resetNumbers } from './codes.ts'
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
export { RawStream } from './streams/raw-stream.ts'
export { StreamError } from './streams/stream-error.ts'
export { streamLimits } from './streams/stream-limits.ts'
export type { StreamOpening, StreamTarget } from './streams/stream-opening.ts'
export {
  StreamSession,
  type FrameChannel,
  type StreamSessionEnd,
  type StreamSessionOptions,
} from './streams/stream-session.ts'
export {
  features,
  minorVersion,
  ownFeatures,
  tunnelPath,
  tunnelSubprotocol,
  versionHistory,
} from './version.ts'
