import type protobuf from 'protobufjs/minimal.js'
import {
  failureNumbers,
  goAwayNumbers,
  keyRotationNumbers,
  purposeNumbers,
  refusalNumbers,
  resetNumbers,
} from './codes.ts'
import type { ClusterFrame, Frame, ReviewTokenFrame, TokenReviewedFrame } from './frames.ts'
import { postern } from './gen/tunnel.js'

const wire = postern.tunnel.v1

/** Writes the frame as the one body of a Frame message. */
export function writeFrame(frame: Frame, writer: protobuf.Writer): protobuf.Writer {
  switch (frame.kind) {
    case 'hello':
      return wire.Hello.encode({ ...frame, purpose: purposeNumbers[frame.purpose] }, body(1, writer)).ldelim()
    case 'welcome':
      return wire.Welcome.encode(frame, body(2, writer)).ldelim()
    case 'refusal':
      return wire.Refusal.encode({ ...frame, code: refusalNumbers[frame.code] }, body(3, writer)).ldelim()
    case 'review-token':
      return wire.ReviewToken.encode(reviewTokenProperties(frame), body(4, writer)).ldelim()
    case 'accepted':
      return wire.Accepted.encode(frame, body(5, writer)).ldelim()
    case 'token-reviewed':
      return wire.TokenReviewed.encode(tokenReviewedProperties(frame), body(6, writer)).ldelim()
    case 'failure':
      return wire.Failure.encode({ ...frame, code: failureNumbers[frame.code] }, body(7, writer)).ldelim()
    case 'cancel':
      return wire.Cancel.encode(frame, body(8, writer)).ldelim()
    case 'ping':
      return wire.Ping.encode(frame, body(9, writer)).ldelim()
    case 'pong':
      return wire.Pong.encode(frame, body(10, writer)).ldelim()
    case 'health':
      return wire.Health.encode(frame, body(11, writer)).ldelim()
    case 'drain':
      return wire.Drain.encode(frame, body(12, writer)).ldelim()
    case 'drained':
      return wire.Drained.encode({}, body(13, writer)).ldelim()
    case 'go-away':
      return wire.GoAway.encode({ ...frame, code: goAwayNumbers[frame.code] }, body(14, writer)).ldelim()
    case 'open':
      return wire.Open.encode(frame, body(15, writer)).ldelim()
    case 'opened':
      return wire.Opened.encode(frame, body(16, writer)).ldelim()
    case 'data':
      return wire.Data.encode(frame, body(17, writer)).ldelim()
    case 'window':
      return wire.Window.encode(frame, body(18, writer)).ldelim()
    case 'fin':
      return wire.Fin.encode(frame, body(19, writer)).ldelim()
    case 'reset':
      return wire.Reset.encode({ ...frame, code: resetNumbers[frame.code] }, body(20, writer)).ldelim()
    case 'cluster':
      return wire.Cluster.encode(clusterProperties(frame), body(21, writer)).ldelim()
    case 'rotate-key':
      return wire.RotateKey.encode(frame, body(22, writer)).ldelim()
    case 'key-rotated':
      return wire.KeyRotated.encode(
        { ...frame, code: keyRotationNumbers[frame.code] },
        body(23, writer),
      ).ldelim()
    case 'dial-streams':
      return wire.DialStreams.encode(frame, body(24, writer)).ldelim()
    default:
      return unwritable(frame)
  }
}

function unwritable(frame: never): never {
  throw new TypeError(`no frame can be written from ${typeof frame}`)
}

function body(field: number, writer: protobuf.Writer): protobuf.Writer {
  return writer.uint32(field * 8 + 2).fork()
}

function clusterProperties(frame: ClusterFrame): postern.tunnel.v1.Cluster.$Properties {
  return {
    rootCaSha256: frame.rootCaSha256.slice(),
    tokenIssuer: frame.tokenIssuer,
    issuerKeySha256: frame.issuerKeySha256.slice(),
  }
}

// Spelled out, and not spread, because these two are every review.

function reviewTokenProperties(frame: ReviewTokenFrame): postern.tunnel.v1.ReviewToken.$Properties {
  return {
    requestId: frame.requestId,
    nonce: frame.nonce,
    token: frame.token,
    audiences: frame.audiences.slice(),
    deadlineMs: frame.deadlineMs,
    attempt: frame.attempt,
  }
}

function tokenReviewedProperties(frame: TokenReviewedFrame): postern.tunnel.v1.TokenReviewed.$Properties {
  return {
    requestId: frame.requestId,
    nonce: frame.nonce,
    tokenSha256: frame.tokenSha256,
    authenticated: frame.authenticated,
    username: frame.username,
    uid: frame.uid,
    groups: frame.groups.slice(),
    audiences: frame.audiences.slice(),
    error: frame.error,
  }
}
