import { lookup, Resolver } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { addressesInHosts, fullNames, readSearchRules } from './parse-resolver-files.ts'
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts'

export interface ResolveBySystemOptions {
  hostsPath?: string
  resolvConfPath?: string
  /** `address:port`; those of the machine unless given. */
  servers?: readonly string[]
  /** Of all questions to the name servers together. */
  msMax?: number
  /** The system's, in a thread. */
  lookUp?: ResolveHost
}

/** Its message names the host: for operators only. */
class NameNotResolved extends Error {
  constructor(hostname: string, cause: unknown) {
    super(explain(hostname, codeOf(cause)), { cause })
    this.name = 'NameNotResolved'
  }
}

/** Less than a connection may take to open, so that it is said why it did not. */
const nameServersMsMax = 4_000
/** A lost packet, or a name server that is gone, is made up for within that. `maxTimeout`: c-ares doubles the second wait else. */
const patience = { timeout: 1_500, maxTimeout: 1_500, tries: 2 }

/** EBADNAME: with a search domain behind it, the name is too long. */
const unknownName: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME'])
/** ECANCELLED: by our own time limit. EAI_AGAIN: what the system calls it. */
const noAnswer: ReadonlySet<string> = new Set(['ETIMEOUT', 'ECANCELLED', 'EAI_AGAIN'])
/** Answers of a name server that is at fault itself. */
const faults: ReadonlySet<string> = new Set(['ESERVFAIL', 'EREFUSED', 'ENOTIMP'])

/**
 * Resolves as the system does, but with no thread: the system's own look-up (getaddrinfo) holds one of the few that there are
 * until the name servers have answered, so that names of silent ones hold up every other name.
 *
 * 1. The hosts file goes first, then the name servers, with the search domains of resolv.conf.
 * 2. The system itself is asked about names of this machine and its network alone (mDNS and the like), which the name servers
 *    do not know. Whoever has a domain could answer once that there is no such name, and be silent when asked again.
 * 3. One look-up of a name at a time, whose answer all get who have asked meanwhile.
 */
export function createResolveBySystem(options: ResolveBySystemOptions = {}): ResolveHost {
  const underWay = new Map<string, Promise<readonly ResolvedAddress[]>>()
  return (hostname) => {
    const name = hostname.toLowerCase()
    const known = underWay.get(name)
    if (known !== undefined) return known
    const started = resolveName(name, options).finally(() => underWay.delete(name))
    underWay.set(name, started)
    return started
  }
}

async function resolveName(
  name: string,
  options: ResolveBySystemOptions,
): Promise<readonly ResolvedAddress[]> {
  const { hostsPath = '/etc/hosts', lookUp = (each) => lookup(each, { all: true }) } = options
  const written = addressesInHosts(await readIfThere(hostsPath), name)
  if (written.length > 0) return written
  try {
    return await askNameServers(name, options).catch((error: unknown) => {
      if (unknownName.has(codeOf(error)) && isOfThisNetwork(name)) return lookUp(name)
      throw error
    })
  } catch (error) {
    throw new NameNotResolved(name, error)
  }
}

/** Rejects with the name servers' error: that there is no such name only if they say so of all that it may stand for. */
async function askNameServers(
  name: string,
  { resolvConfPath = '/etc/resolv.conf', servers, msMax = nameServersMsMax }: ResolveBySystemOptions,
): Promise<ResolvedAddress[]> {
  const candidates = fullNames(name, readSearchRules(await readIfThere(resolvConfPath)))
  const questions = new Questions(servers)
  const timer = setTimeout(() => questions.end(), msMax)
  let failure: unknown
  try {
    for (const candidate of candidates) {
      const [ipv4, ipv6] = await questions.ask(candidate)
      const addresses = [...addressesOf(ipv4, 4), ...addressesOf(ipv6, 6)]
      if (addresses.length > 0) return addresses
      for (const error of [...errorsOf(ipv4), ...errorsOf(ipv6)]) {
        if (failure === undefined || unknownName.has(codeOf(failure))) failure = error
        // A search domain may be broken by itself; name servers that do not answer are asked no more.
        if (!unknownName.has(codeOf(error)) && !faults.has(codeOf(error))) throw error
      }
    }
    throw failure
  } finally {
    clearTimeout(timer)
  }
}

type Answers = [ipv4: PromiseSettledResult<string[]>, ipv6: PromiseSettledResult<string[]>]

/** Those of one look-up. Each look-up has its own, because to cancel is to cancel all that a resolver was asked. */
class Questions {
  readonly #all = new Resolver(patience)
  readonly #resolvers = [this.#all]
  #isOver = false

  constructor(servers: readonly string[] | undefined) {
    if (servers !== undefined) this.#all.setServers(servers)
  }

  /**
   * c-ares asks the next name server by itself where one is silent, but not where it answers that it cannot: the system
   * does. An address of either family is enough: there are name servers that cannot answer for IPv6 (RFC 4074).
   */
  async ask(name: string): Promise<Answers> {
    const answers = await this.#askOf(this.#all, name)
    const errors = answers.flatMap(errorsOf)
    if (errors.length < answers.length || !errors.some((error) => faults.has(codeOf(error)))) return answers
    for (const server of this.#all.getServers().slice(1)) {
      if (this.#isOver) break
      const others = await this.#askOf(this.#resolverOf(server), name)
      const isKnown = others.flatMap(errorsOf).every((error) => unknownName.has(codeOf(error)))
      if (isKnown || others.some(({ status }) => status === 'fulfilled')) return others
    }
    return answers
  }

  /** What is under way fails with ECANCELLED, and so does what is asked from now on. */
  end(): void {
    this.#isOver = true
    for (const resolver of this.#resolvers) resolver.cancel()
  }

  #resolverOf(server: string): Resolver {
    const resolver = new Resolver(patience)
    resolver.setServers([server])
    this.#resolvers.push(resolver)
    return resolver
  }

  async #askOf(resolver: Resolver, name: string): Promise<Answers> {
    if (this.#isOver) throw new NoTimeLeft()
    return Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  }
}

class NoTimeLeft extends Error {
  readonly code = 'ECANCELLED'
}

function addressesOf(answer: PromiseSettledResult<string[]>, family: number): ResolvedAddress[] {
  return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []
}

function errorsOf(answer: PromiseSettledResult<string[]>): unknown[] {
  return answer.status === 'rejected' ? [answer.reason] : []
}

/** Nobody can have the domain of such a name: it has none, or that of mDNS (RFC 6762). */
function isOfThisNetwork(name: string): boolean {
  return /^[^.]+\.?$|\.local\.?$/.test(name)
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

function explain(hostname: string, code: string): string {
  const check = 'check the DNS of the control plane, and that of the name itself'
  if (unknownName.has(code)) return `the name servers know no address of ${hostname}: check its spelling`
  if (noAnswer.has(code)) return `the name servers did not answer for ${hostname}: ${check}`
  return `the name servers failed for ${hostname} (${code}): ${check}`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
