import { isIP } from 'node:net'
import { type AddressRules, vetAddress } from './vet-address.ts'

export interface ResolvedAddress {
  address: string
  family: number
}

/** Every address of a name, as the machine's resolver says. Rejects with the resolver's error. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>

/** The host leads to an address that must not be dialled. Its message names host and address: for operators only. */
export class HostNotAllowed extends Error {
  constructor(hostname: string, address: string, reason: string) {
    const target = hostname === address ? address : `${address}, to which ${hostname} resolves,`
    super(`${target} ${reason}`)
    this.name = 'HostNotAllowed'
  }
}

/**
 * The addresses of a host, all of them vetted: one that must not be dialled refuses the name as a whole, because a name
 * that leads both inside and outside is nobody's API server. Throws HostNotAllowed, or the resolver's error.
 */
export async function resolveVetted(
  hostname: string,
  resolve: ResolveHost,
  rules: AddressRules,
): Promise<readonly ResolvedAddress[]> {
  const family = isIP(hostname)
  const addresses = family === 0 ? await resolve(hostname) : [{ address: hostname, family }]
  for (const { address } of addresses) {
    const reason = vetAddress(address, rules)
    if (reason !== undefined) throw new HostNotAllowed(hostname, address, reason)
  }
  return addresses
}
