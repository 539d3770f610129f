import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { getCACertificates } from 'node:tls'

/** The file of extra authorities cannot be used; the message names it and says what to do. */
export class ExtraAuthoritiesUnusable extends Error {
  override name = 'ExtraAuthoritiesUnusable'
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The PEM certificates that a control plane's certificate may come from: Node's and the system's, and those of the
 * extra file. For every outbound call to the control plane, the tunnel and a proxy included.
 */
export async function readControlPlaneTrust(extraCaFile: string | undefined): Promise<string[]> {
  const trusted = new Set([...getCACertificates('default'), ...getCACertificates('system')])
  if (extraCaFile !== undefined) {
    for (const certificate of await readExtra(extraCaFile)) trusted.add(certificate)
  }
  return [...trusted]
}

async function readExtra(path: string): Promise<string[]> {
  try {
    const certificates = (await readFile(path, 'utf8')).match(certificateBlock) ?? []
    for (const certificate of certificates) void new X509Certificate(certificate)
    if (certificates.length > 0) return certificates
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ExtraAuthoritiesUnusable(
      `POSTERN_EXTRA_CA_FILE: ${path} cannot be used (${code}): it must be a readable bundle of PEM certificates`,
    )
  }
  throw new ExtraAuthoritiesUnusable(
    `POSTERN_EXTRA_CA_FILE: ${path} holds no certificate: it must be a bundle of PEM certificates`,
  )
}
