import type { AccessTokenSettings, AuthMethod } from './access-token-settings.ts'
import { type TrustedIp, anyAddress, compileTrustedIps } from './trusted-ips.ts'

/**
 * The addresses that an identity trusts under one auth method; undefined when it no longer has that auth method.
 * Asked at every use of a token, so it must be cheap: a cache that is at most a second old and that every change in
 * this process invalidates. As long as nothing has changed it returns the same list.
 */
export type ReadTrustedIps = (
  identityId: string,
  authMethod: AuthMethod,
) => Promise<readonly TrustedIp[] | undefined>

/** The settings of an auth method that an identity has; undefined when it no longer has it. */
type FindSettings = (identityId: string) => Promise<{ accessToken: AccessTokenSettings } | undefined>

/** Tokens that nobody logged in for (`token-auth`) have no settings, and are good from everywhere. */
export function createReadTrustedIps(
  find: Record<Exclude<AuthMethod, 'token-auth'>, FindSettings>,
): ReadTrustedIps {
  return async (identityId, authMethod) =>
    authMethod === 'token-auth' ? anyAddress : (await find[authMethod](identityId))?.accessToken.trustedIps
}

export type AddressTrust = 'trusted' | 'not-trusted' | 'auth-method-gone'

/** Asks for the list as it is now, and makes its test once for each list. */
export class TrustedIpLookup {
  readonly #read: ReadTrustedIps
  readonly #tests = new WeakMap<readonly TrustedIp[], (clientIp: string) => boolean>()

  constructor(read: ReadTrustedIps) {
    this.#read = read
  }

  /** Undefined address: only whether the auth method is still there. */
  async trustOf(
    identityId: string,
    authMethod: AuthMethod,
    clientIp: string | undefined,
  ): Promise<AddressTrust> {
    const list = await this.#read(identityId, authMethod)
    if (list === undefined) return 'auth-method-gone'
    return clientIp === undefined || this.#testOf(list)(clientIp) ? 'trusted' : 'not-trusted'
  }

  #testOf(list: readonly TrustedIp[]): (clientIp: string) => boolean {
    const known = this.#tests.get(list)
    if (known !== undefined) return known
    const test = compileTrustedIps(list)
    this.#tests.set(list, test)
    return test
  }
}
