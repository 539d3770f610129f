import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { getCACertificates } from 'node:tls'

/** The file of extra authorities cannot be used; the message names it and says what to do. */
class ExtraAuthoritiesUnusable extends Error {
  override name = 'ExtraAuthoritiesUnusable'
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The PEM certificates that a control plane's certificate may come from, the tunnel's and a proxy's included: Node's,
 * the system's, and those of the extra file. Undefined without such a file: Node's own are then meant, which cost less
 * than any list (some 300 certificates are parsed for each connection).
 */
export async function readControlPlaneTrust(extraCaFile: string | undefined): Promise<string[] | undefined> {
  if (extraCaFile === undefined) return undefined
  const extra = await readExtra(extraCaFile)
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extra])]
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
