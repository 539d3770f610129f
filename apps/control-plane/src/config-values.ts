import type { KeyObject } from 'node:crypto'
import { isAbsolute } from 'node:path'

import { trustedProxyProblem } from './http/client-ip.ts'
import { parseRootKey } from './keyring/root-key.ts'

/** What a text means, or what is wrong with it (without repeating it: it may be a secret). */
export type Parsed<Value> = { value: Value } | { problem: string }
export type ParseText<Value> = (text: string) => Parsed<Value>

export interface ListenAddress {
  host: string
  /** 0 lets the system choose. */
  port: number
}

const hostNamePattern = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text)
  const [, v6, name, port] = match ?? []
  const host = v6 ?? name ?? ''
  const isHost = v6 === undefined ? hostNamePattern.test(host) : URL.canParse(`http://[${v6}]`)
  if (!isHost || Number(port) > 65_535) {
    return { problem: 'must be an address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080' }
  }
  return { value: { host, port: Number(port) } }
}

export interface NatsAddress extends ListenAddress {
  isTls: boolean
}

const natsPort = 4222

/** `nats://host:port` or `tls://host:port`, any number of them with commas in between; 4222 where there is no port. */
export function parseNatsUrls(text: string): Parsed<NatsAddress[]> {
  const addresses = text.split(',').map((part) => parseNatsUrl(part.trim()))
  const found = addresses.filter((address) => address !== undefined)
  return found.length === addresses.length
    ? { value: found }
    : {
        problem:
          'must be URLs such as nats://nats-1:4222,nats://nats-2:4222, or tls://…; user and password have variables of their own',
      }
}

function parseNatsUrl(text: string): NatsAddress | undefined {
  const [, scheme, place = ''] = /^(nats|tls):\/\/([^/]*)\/?$/.exec(text) ?? []
  const withPort = /:\d+$/.test(place.replace(/^\[.*\]/, '')) ? place : `${place}:${natsPort}`
  const address = scheme === undefined ? undefined : parseListenAddress(withPort)
  if (address === undefined || 'problem' in address || address.value.port === 0) return undefined
  return { ...address.value, isTls: scheme === 'tls' }
}

/** A name or an address that others can dial, and a port. */
export function parseDialAddress(text: string): Parsed<ListenAddress> {
  const parsed = parseListenAddress(text)
  const isRight =
    'value' in parsed && parsed.value.port !== 0 && !['0.0.0.0', '::'].includes(parsed.value.host)
  return isRight ? parsed : { problem: 'must be what other replicas can dial, such as 10.0.0.7:8090' }
}

export function parseText(text: string): Parsed<string> {
  return { value: text }
}

/** @returns the origin, without a slash at the end */
export function parsePublicUrl(text: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isOrigin =
    url !== undefined &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.pathname === '/' &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    !/[?#@]/.test(text)
  return isOrigin
    ? { value: url.origin }
    : {
        problem:
          'must be an http:// or https:// URL of a host and nothing else, such as https://postern.example.com',
      }
}

export function parseDatabaseUrl(text: string): Parsed<string> {
  const isPostgres = URL.canParse(text) && ['postgres:', 'postgresql:'].includes(new URL(text).protocol)
  return isPostgres
    ? { value: text }
    : { problem: 'must be a PostgreSQL URL, such as postgresql://user:password@host:5432/postern' }
}

export function parseFolder(text: string): Parsed<string> {
  return isAbsolute(text) ? { value: text } : { problem: 'must be an absolute path' }
}

export function parseRootKeyText(text: string): Parsed<KeyObject> {
  const value = parseRootKey(text)
  return value
    ? { value }
    : { problem: 'must be 32 random bytes in base64: make one with `openssl rand -base64 32`' }
}

export function parseTrustedProxies(text: string): Parsed<string[]> {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const problems = entries.flatMap((entry) => {
    const problem = trustedProxyProblem(entry)
    return problem === undefined ? [] : [`${entry} ${problem}`]
  })
  return problems.length === 0 ? { value: entries } : { problem: `has wrong entries: ${problems.join('; ')}` }
}

/** `true` or `false` and no other spelling: a typing error must not turn a protection off, or seem to turn it on. */
export function parseSwitch(text: string): Parsed<boolean> {
  if (text === 'true') return { value: true }
  if (text === 'false') return { value: false }
  return { problem: 'must be true or false' }
}

export function oneOf<const Word extends string>(words: readonly Word[]): ParseText<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text)
    return word === undefined ? { problem: `must be one of ${words.join(', ')}` } : { value: word }
  }
}

export function wholeNumber(min: number, max: number): ParseText<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1
    return value >= min && value <= max
      ? { value }
      : { problem: `must be a whole number from ${min} to ${max}` }
  }
}

export function parseReplicaId(text: string): Parsed<string> {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(text)
    ? { value: text }
    : { problem: 'must be 1 to 63 letters, digits, dots, dashes or underscores' }
}
