import type { RevocableToken } from '../access-tokens/revocation-set.ts'
import { isTrusted, trustedIpTexts } from '../access-tokens/trusted-ips.ts'
import type { UniversalLoginDenialReason } from '../audit/audit-reason.ts'
import type { CachedIdentity, IdentityCache } from '../identities/identity-cache.ts'
import type { IdentityCore } from '../identities/identity-store.ts'
import { matchClientSecret, prefixOf } from '../universal-auth/client-secret.ts'
import type { CountSecretUse } from '../universal-auth/count-secret-use.ts'
import { lockoutSourceOf } from '../universal-auth/lockout-source.ts'
import type { LockoutStore } from '../universal-auth/lockout-store.ts'
import type {
  FoundClient,
  SecretCandidate,
  UniversalLoginStore,
} from '../universal-auth/universal-login-store.ts'
import type { UniversalLoginAttempt, UniversalLoginCall } from './universal-login-attempt.ts'

export interface CheckClientSecretDependencies {
  identities: IdentityCache
  revocations: { covers(token: RevocableToken): boolean }
  clients: UniversalLoginStore
  countUse: CountSecretUse
  lockouts: Pick<LockoutStore, 'recordFailure'>
}

export interface AdmittedClient extends FoundClient {
  identity: CachedIdentity
  clientSecretId: string
}

export type ClientSecretCheck =
  | { ok: true; value: AdmittedClient }
  | { ok: false; reason: UniversalLoginDenialReason }

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const textLengthMax = 256

/**
 * The checks of a login, in their order. What a stranger could learn comes first and is answered alike; the address is
 * looked at once the secret has proved good, and before a use of it is counted.
 */
export async function checkClientSecret(
  dependencies: CheckClientSecretDependencies,
  call: UniversalLoginCall,
  attempt: UniversalLoginAttempt,
): Promise<ClientSecretCheck> {
  const found = await attempt.stopwatch.timed('find', () => findClient(dependencies, call))
  attempt.check('client-id', found !== undefined, 'that of a Universal Auth', idText(found))
  if (found === undefined) return denied('client-id-unknown')
  const { client, identity } = found
  attempt.found(client, identity)
  const early = checkClient(client, identity, call, attempt)
  if (early !== undefined) return denied(early)

  const secret = matchClientSecret(call.clientSecret, client.candidates)
  attempt.check('client-secret', secret !== undefined, 'one of the client id', secretText(secret))
  if (secret === undefined) {
    await countFailure(dependencies, client, call)
    return denied('client-secret-wrong')
  }
  attempt.matched(secret.id)
  const late = checkSecret(client, secret, call, attempt)
  if (late !== undefined) return denied(late)

  const isUsed = await attempt.stopwatch.timed('use', () => dependencies.countUse(secret.id))
  if (!attempt.check('client-secret-uses', isUsed, limitText(secret), usesText(secret)))
    return denied('client-secret-exhausted')
  return { ok: true, value: { ...client, identity, clientSecretId: secret.id } }
}

async function findClient(
  dependencies: CheckClientSecretDependencies,
  { clientId, clientSecret, ipAddress }: UniversalLoginCall,
): Promise<{ client: FoundClient; identity: CachedIdentity } | undefined> {
  if (!uuid.test(clientId)) return undefined
  const client = await dependencies.clients.findClient({
    clientId,
    prefix: prefixOf(clientSecret),
    source: lockoutSourceOf(ipAddress),
  })
  if (client === undefined) return undefined
  const identity = await findIdentity(dependencies, client.auth.identityId)
  return identity === undefined ? undefined : { client, identity }
}

/** Never older than a revocation that is known: the token is as old as it, and would be refused. */
async function findIdentity(
  { identities, revocations }: CheckClientSecretDependencies,
  identityId: string,
): Promise<CachedIdentity | undefined> {
  const identity = await identities.findIdentity(identityId)
  if (identity === undefined) return undefined
  const { organizationId, readAtMs: createdAtMs } = identity
  const token = { tokenId: '', identityId, organizationId, clientSecretId: '', createdAtMs }
  if (!revocations.covers({ ...token, authMethod: 'universal-auth' })) return identity
  identities.forget(identityId)
  return identities.findIdentity(identityId)
}

/** What can be said before the secret is looked at. Undefined: nothing is wrong. */
function checkClient(
  { organizationSlug, isSourceLockedOut, auth }: FoundClient,
  identity: IdentityCore,
  call: UniversalLoginCall,
  attempt: UniversalLoginAttempt,
): UniversalLoginDenialReason | undefined {
  const state = identity.isDisabled ? 'disabled' : 'enabled'
  if (!attempt.check('identity-enabled', !identity.isDisabled, 'enabled', state)) return 'identity-disabled'
  if (call.organizationSlug !== undefined) {
    const isSame = call.organizationSlug === organizationSlug
    // What was typed is not shown: it may be anything.
    const found = isSame ? organizationSlug : 'another'
    if (!attempt.check('organization', isSame, organizationSlug, found)) return 'organization-mismatch'
  }
  const isLockedOut = auth.lockout.isEnabled && isSourceLockedOut
  const lockout = isLockedOut ? 'locked out' : 'not locked out'
  if (!attempt.check('lockout', !isLockedOut, 'not locked out', lockout)) return 'address-locked-out'
  return undefined
}

/** What is wrong with a secret that exists. Undefined: nothing, but that it may have been used up meanwhile. */
function checkSecret(
  { auth }: FoundClient,
  secret: SecretCandidate,
  { ipAddress }: UniversalLoginCall,
  attempt: UniversalLoginAttempt,
): UniversalLoginDenialReason | undefined {
  const isAlive = !secret.isRevoked && !secret.isExpired
  const state = secret.isRevoked ? 'revoked' : secret.isExpired ? 'expired' : 'alive'
  if (!attempt.check('client-secret-expiry', isAlive, 'alive', state))
    return secret.isRevoked ? 'client-secret-revoked' : 'client-secret-expired'
  const trusted = auth.clientSecretTrustedIps
  const expected = trustedIpTexts(trusted).join(', ').slice(0, textLengthMax)
  if (!attempt.check('client-ip', isTrusted(ipAddress, trusted), expected, ipAddress))
    return 'address-not-trusted'
  return undefined
}

async function countFailure(
  { lockouts }: CheckClientSecretDependencies,
  { auth: { id, lockout } }: FoundClient,
  { ipAddress }: UniversalLoginCall,
): Promise<void> {
  if (lockout.isEnabled) await lockouts.recordFailure(id, lockoutSourceOf(ipAddress), lockout)
}

function denied(reason: UniversalLoginDenialReason): ClientSecretCheck {
  return { ok: false, reason }
}

function idText(found: object | undefined): string {
  return found === undefined ? 'unknown' : 'known'
}

function secretText(secret: object | undefined): string {
  return secret === undefined ? 'none of them' : 'one of them'
}

function limitText({ numUsesLimit }: SecretCandidate): string {
  return numUsesLimit === 0 ? 'any number' : `fewer than ${numUsesLimit} before`
}

function usesText({ numUses }: SecretCandidate): string {
  return `${numUses} before`
}
