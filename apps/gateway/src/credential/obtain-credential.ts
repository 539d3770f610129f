import type { Credential, PendingKey } from './credential.ts'
import { CredentialStoreError, type CredentialStore, type StoredRecord } from './credential-store.ts'
import type { EnrolledGateway } from './enrol.ts'
import { EnrolmentTokenUnreadable, type EnrolmentMethod } from './enrolment-method.ts'
import { createGatewayKey, keyIdOf, publicKeyTextOf } from './gateway-key.ts'

// Enrolling spends a token that works once. What keeps it from being spent for nothing:
//
// 1. The private key is in the store, as pending, before its public half leaves this process. After a crash or a lost
//    answer the next start presents the same token with the same key, which the control plane answers as before.
// 2. Every write names the revision that was read. Of processes that start together with one token, one stores its
//    key; the others find it, present that key too, and end with the same credential.
// 3. A pending key belongs to one enrolment (its fingerprint is beside it): another single-use token gets another key,
//    because the control plane takes no key twice. All tokens of a pod are one enrolment.
// 4. A refusal counts only if the store still has no credential: another process may have been faster.
// 5. A credential, once bound, needs no token, and is replaced only by the word of the control plane that it does not
//    know its key.

export interface ObtainCredentialOptions {
  store: CredentialStore
  enrolment: EnrolmentMethod
  /** A key that the control plane does not know: the credential with it counts for nothing. */
  unknownKeyId?: string | undefined
  controlPlaneOrigin: string
  log: CredentialLog
  now: () => Date
  /** How long to wait before the given attempt (1 is the first repetition), in milliseconds. */
  backoffMs: (attempt: number) => number
  /** Resolves after that time, or as soon as `signal` fires. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Fires when the gateway is told to stop. */
  signal: AbortSignal
}

export interface CredentialLog {
  info: (fields: object, message: string) => void
  warn: (fields: object, message: string) => void
}

export type CredentialOutcome =
  | { kind: 'credential'; credential: Credential }
  /** Only a person can help; `remedy` says how. */
  | { kind: 'refused'; remedy: string }
  | { kind: 'stopped' }

type Step = CredentialOutcome | { kind: 'again'; reason: string; retryAfterSeconds?: number | undefined }

/** The credential from the store, or by enrolling. Goes on until there is one, a person is needed, or `signal` fires. */
export async function obtainCredential(options: ObtainCredentialOptions): Promise<CredentialOutcome> {
  const { log, signal } = options
  // Processes of one gateway do not come together, and a control plane that forgets keys is not stormed.
  if (options.unknownKeyId !== undefined) await options.sleep(options.backoffMs(5), signal)
  for (let attempt = 1; ; attempt += 1) {
    const step = await tryOnce(options)
    if (step.kind !== 'again') return step
    const delayMs = Math.max(options.backoffMs(attempt), (step.retryAfterSeconds ?? 0) * 1000)
    log.warn(
      { attempt, delayMs: Math.round(delayMs), reason: step.reason },
      'no credential yet, trying again',
    )
    await options.sleep(delayMs, signal)
  }
}

async function tryOnce(options: ObtainCredentialOptions): Promise<Step> {
  if (options.signal.aborted) return { kind: 'stopped' }
  try {
    const stored = await options.store.read()
    const bound = boundIn(stored, options)
    const token = await readToken(options, bound)
    if (bound !== undefined) return take(bound, token !== undefined, options)
    if (token === undefined) {
      const { missing } = options.enrolment.remedies
      return { kind: 'refused', remedy: `${options.store.place} holds no credential: ${missing}` }
    }
    const pending = await keepKey(stored, token, options)
    if (pending === 'conflict') return { kind: 'again', reason: 'another process wrote at the same time' }
    return await enrolKey(pending, token, options)
  } catch (error) {
    if (error instanceof EnrolmentTokenUnreadable) return { kind: 'refused', remedy: error.message }
    if (!(error instanceof CredentialStoreError)) throw error
    return error.shouldRetry()
      ? { kind: 'again', reason: error.message }
      : { kind: 'refused', remedy: error.message }
  }
}

function boundIn(
  { record }: StoredRecord,
  { unknownKeyId }: ObtainCredentialOptions,
): Credential | undefined {
  if (record?.phase !== 'bound' || record.credential.keyId === unknownKeyId) return undefined
  return record.credential
}

/** A token that is single-use and left is worth a word; another is of no interest beside a credential. */
async function readToken(
  { enrolment }: ObtainCredentialOptions,
  bound: Credential | undefined,
): Promise<string | undefined> {
  return bound === undefined || enrolment.isSingleUse ? enrolment.readToken() : undefined
}

function take(
  credential: Credential,
  isTokenLeft: boolean,
  options: ObtainCredentialOptions,
): CredentialOutcome {
  const { log, store, controlPlaneOrigin } = options
  const { gatewayId, gatewayName, keyId } = credential
  log.info({ gatewayId, gatewayName, keyId }, `credential taken from ${store.place}`)
  if (isTokenLeft) {
    log.info(
      {},
      'an enrolment token is configured too; it is not used and can be removed: the credential wins',
    )
  }
  if (credential.controlPlaneOrigin !== controlPlaneOrigin) {
    const enrolledAt = credential.controlPlaneOrigin
    log.warn({ enrolledAt, controlPlaneOrigin }, 'enrolled under another URL; the configured one is used')
  }
  return { kind: 'credential', credential: { ...credential, controlPlaneOrigin } }
}

interface KeptKey {
  pending: PendingKey
  revision: string
}

/** Invariants 1 and 3. After writing, the place is read again: its revision is needed, and what it holds is the truth. */
async function keepKey(
  stored: StoredRecord,
  token: string,
  { store, enrolment }: ObtainCredentialOptions,
): Promise<KeptKey | 'conflict'> {
  const tokenFingerprint = enrolment.fingerprintOf(token)
  const { record } = stored
  if (record?.phase === 'pending' && record.tokenFingerprint === tokenFingerprint) {
    return { pending: record, revision: stored.revision }
  }
  const made: PendingKey = { phase: 'pending', privateKey: createGatewayKey(), tokenFingerprint }
  if ((await store.write(made, stored.revision)) === 'conflict') return 'conflict'
  const kept = await store.read()
  if (kept.record?.phase !== 'pending' || kept.record.tokenFingerprint !== tokenFingerprint) return 'conflict'
  return { pending: kept.record, revision: kept.revision }
}

async function enrolKey(kept: KeptKey, token: string, options: ObtainCredentialOptions): Promise<Step> {
  const { privateKey } = kept.pending
  const outcome = await options.enrolment.enrol({ token, publicKey: publicKeyTextOf(privateKey) })
  if (outcome.kind === 'enrolled') return bindKey(outcome.gateway, kept, options)
  if (outcome.kind === 'refused') return acceptRefusal(outcome.reason, options)
  if (outcome.kind === 'key-known') return replaceKey(kept, outcome.reason, options)
  return { kind: 'again', reason: outcome.reason, retryAfterSeconds: outcome.retryAfterSeconds }
}

async function bindKey(
  gateway: EnrolledGateway,
  kept: KeptKey,
  options: ObtainCredentialOptions,
): Promise<Step> {
  const { privateKey } = kept.pending
  if (gateway.keyId !== keyIdOf(privateKey)) {
    return { kind: 'again', reason: 'the control plane confirmed another key than was sent' }
  }
  const { controlPlaneOrigin } = options
  const credential: Credential = { ...gateway, privateKey, keySince: options.now(), controlPlaneOrigin }
  const written = await options.store.write({ phase: 'bound', credential }, kept.revision)
  if (written === 'conflict') return { kind: 'again', reason: 'another process wrote at the same time' }
  const { gatewayId, gatewayName, keyId } = gateway
  options.log.info({ gatewayId, gatewayName, keyId }, `enrolled; credential kept in ${options.store.place}`)
  return { kind: 'credential', credential }
}

/** The key was enrolled long ago, and has been retired since. */
async function replaceKey(kept: KeptKey, reason: string, { store }: ObtainCredentialOptions): Promise<Step> {
  // A conflict is another process that was faster: its key is tried next.
  await store.write({ ...kept.pending, privateKey: createGatewayKey() }, kept.revision)
  return { kind: 'again', reason: `the key was known already (${reason})` }
}

/** Invariant 4. */
async function acceptRefusal(reason: string, options: ObtainCredentialOptions): Promise<Step> {
  const bound = boundIn(await options.store.read(), options)
  if (bound !== undefined) return take(bound, options.enrolment.isSingleUse, options)
  return { kind: 'refused', remedy: options.enrolment.remedies.refused(reason) }
}
