/** What an honest API server stays far below; an answer beyond is malformed, never truncated and believed. */
export const tokenReviewLimits = {
  /** Bytes of an answer's body. */
  answerBytesMax: 64 * 1024,
  /** UTF-16 code units of a username, a uid, one group, one audience. */
  usernameLengthMax: 512,
  uidLengthMax: 256,
  groupLengthMax: 256,
  audienceLengthMax: 512,
  groupsMax: 64,
  audiencesMax: 32,
  /** An error longer than this is cut: it is only ever shown to the operator. */
  errorLengthMax: 512,
} as const
