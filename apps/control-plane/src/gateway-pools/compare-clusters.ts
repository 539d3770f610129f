import type { ClusterFrame } from '@postern/protocol'

/** By what a cluster is told from another. SHA-256 in hexadecimal, sorted; empty where it is not known. */
export interface Cluster {
  rootCas: readonly string[]
  tokenIssuer: string
  issuerKeys: readonly string[]
}

/**
 * same: nothing new. rotated: the same cluster with a new CA certificate or a new key beside one that is known.
 * other: another cluster. unknown: nothing that both sides know.
 */
export type ClusterComparison = 'same' | 'rotated' | 'other' | 'unknown'

/**
 * Clusters rotate a CA and the keys that sign tokens with an overlap, so one certificate or key in common tells a
 * rotation from another cluster. A key counts only under one issuer: that pair is what a token is verified by. Where
 * issuer and keys all differ, a CA in common is one that several clusters share.
 */
export function compareClusters(known: Cluster, reported: Cluster): ClusterComparison {
  const roots = compareLists(known.rootCas, reported.rootCas)
  const keys = compareLists(known.issuerKeys, reported.issuerKeys)
  const issuers = compareIssuers(known, reported)
  const areKeysTelling = keys === 'apart' || (keys !== 'unknown' && issuers !== 'unknown')
  if (roots === 'unknown' && !areKeysTelling) return 'unknown'
  const haveKeyInCommon = isCommon(keys) && issuers === 'known'
  if (!haveKeyInCommon && !isCommon(roots)) return 'other'
  if (keys === 'apart' && issuers === 'apart') return 'other'
  const isNew = (comparison: ListComparison): boolean => comparison === 'new' || comparison === 'apart'
  return isNew(roots) || isNew(keys) || issuers === 'apart' ? 'rotated' : 'same'
}

/**
 * What a member's report makes of it. A gateway that was found in the cluster before need only have followed its
 * rotation; a newcomer is judged more strictly: where clusters share a CA, and an issuer's name too, as those made by
 * the same tool may, keys alone tell them apart.
 */
export function compareMember(known: Cluster, reported: Cluster, wasOfCluster: boolean): ClusterComparison {
  const keys = compareLists(known.issuerKeys, reported.issuerKeys)
  const isForeign = keys === 'apart' || (keys === 'unknown' && compareIssuers(known, reported) === 'apart')
  return isForeign && !wasOfCluster ? 'other' : compareClusters(known, reported)
}

/**
 * What is known of the cluster after a report. A report that could not read all takes nothing away, and one that is
 * merely behind, as a gateway's is that has not looked again since a rotation, takes nothing back.
 */
export function followCluster(known: Cluster, reported: Cluster): Cluster {
  const comparison = compareClusters(known, reported)
  if (comparison === 'other' || comparison === 'unknown') return known
  return {
    rootCas: hasNew(known.rootCas, reported.rootCas) ? reported.rootCas : known.rootCas,
    tokenIssuer: reported.tokenIssuer === '' ? known.tokenIssuer : reported.tokenIssuer,
    issuerKeys: hasNew(known.issuerKeys, reported.issuerKeys) ? reported.issuerKeys : known.issuerKeys,
  }
}

/** Undefined where a gateway could find out nothing that tells clusters apart. */
export function clusterOf(reported: ClusterFrame | undefined): Cluster | undefined {
  if (reported === undefined) return undefined
  const { rootCaSha256, issuerKeySha256, tokenIssuer } = reported
  if (rootCaSha256.length === 0 && issuerKeySha256.length === 0) return undefined
  // PostgreSQL keeps no NUL in text.
  const issuer = tokenIssuer.replaceAll('\0', '\u{fffd}').toWellFormed()
  return { rootCas: hexOf(rootCaSha256), tokenIssuer: issuer, issuerKeys: hexOf(issuerKeySha256) }
}

export function isSameReport(one: Cluster | null, other: Cluster | null): boolean {
  return JSON.stringify(one && inOrder(one)) === JSON.stringify(other && inOrder(other))
}

const fingerprintLength = 12
const issuerLengthMax = 120

/** For people: `CA 0123456789ab, key ba9876543210, issuer https://…`. Several CAs and keys are joined by `+`. */
export function describeCluster({ rootCas, tokenIssuer, issuerKeys }: Cluster): string {
  const parts = [
    ...(rootCas.length > 0 ? [`CA ${shortened(rootCas)}`] : []),
    ...(issuerKeys.length > 0 ? [`key ${shortened(issuerKeys)}`] : []),
    ...(tokenIssuer === '' ? [] : [`issuer ${printable(tokenIssuer)}`]),
  ]
  return parts.join(', ')
}

type ListComparison = 'unknown' | 'known' | 'new' | 'apart'

/** known: all of it. new: some of it. apart: none of it. */
function compareLists(known: readonly string[], reported: readonly string[]): ListComparison {
  if (known.length === 0 || reported.length === 0) return 'unknown'
  const count = reported.filter((entry) => known.includes(entry)).length
  if (count === 0) return 'apart'
  return count === reported.length ? 'known' : 'new'
}

function compareIssuers(known: Cluster, reported: Cluster): 'unknown' | 'known' | 'apart' {
  if (known.tokenIssuer === '' || reported.tokenIssuer === '') return 'unknown'
  return known.tokenIssuer === reported.tokenIssuer ? 'known' : 'apart'
}

function hasNew(known: readonly string[], reported: readonly string[]): boolean {
  return reported.some((entry) => !known.includes(entry))
}

function isCommon(comparison: ListComparison): boolean {
  return comparison === 'known' || comparison === 'new'
}

function hexOf(hashes: readonly Uint8Array[]): string[] {
  return [...new Set(hashes.map((hash) => Buffer.from(hash).toString('hex')))].sort()
}

function inOrder({ rootCas, tokenIssuer, issuerKeys }: Cluster): unknown[] {
  return [rootCas, tokenIssuer, issuerKeys]
}

function shortened(hashes: readonly string[]): string {
  return hashes.map((hash) => hash.slice(0, fingerprintLength)).join('+')
}

/** It is a gateway's word, and goes into messages. */
function printable(tokenIssuer: string): string {
  return tokenIssuer.replace(/[^\x21-\x7e]/g, '?').slice(0, issuerLengthMax)
}
