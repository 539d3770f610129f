import { isIP } from 'node:net'
import type { ResolvedAddress } from './resolve-host.ts'

/** What a hosts file (hosts(5)) says of a name, in its order. */
export function addressesInHosts(text: string, name: string): ResolvedAddress[] {
  const wanted = canonical(name)
  return linesOf(text).flatMap(([address = '', ...names]) => {
    const family = isIP(address)
    return family !== 0 && names.some((each) => canonical(each) === wanted) ? [{ address, family }] : []
  })
}

export interface SearchRules {
  domains: readonly string[]
  /** A name with as many dots is tried as it is before the domains are, any other one after them. */
  ndots: number
}

/** The search list of a resolv.conf (resolv.conf(5)): the last line of its kind counts. */
export function readSearchRules(text: string): SearchRules {
  let domains: string[] = []
  let ndots = 1
  for (const [keyword, ...values] of linesOf(text)) {
    if (keyword === 'search') domains = values.map(canonical).filter((domain) => domain !== '')
    else if (keyword === 'domain') domains = values.slice(0, 1).map(canonical)
    else if (keyword === 'options') ndots = ndotsOf(values) ?? ndots
  }
  return { domains, ndots }
}

/** The full names that a name may stand for, in the order in which the system tries them. */
export function fullNames(name: string, { domains, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [canonical(name)]
  const searched = domains.map((domain) => `${name}.${domain}`)
  return name.split('.').length - 1 >= ndots ? [name, ...searched] : [...searched, name]
}

function ndotsOf(options: readonly string[]): number | undefined {
  const digits = options.findLast((option) => /^ndots:\d+$/.test(option))?.slice('ndots:'.length)
  return digits === undefined ? undefined : Number(digits)
}

function linesOf(text: string): string[][] {
  return text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  )
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
