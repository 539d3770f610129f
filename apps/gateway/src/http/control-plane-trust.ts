import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'

/** The file of extra authorities cannot be used; the message names it and says what to do. */
class ExtraAuthoritiesUnusable extends Error {
  override name = 'ExtraAuthoritiesUnusable'
}

export interface TrustOptions {
  /** A PEM bundle that is trusted beside the system's roots. Undefined: only Node's own, which cost the least. */
  extraCaFile: string | undefined
  log: {
    info(fields: object, message: string): void
    warn(fields: object, message: string): void
  }
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * Whom a control plane's certificate may come from, the tunnel's and a proxy's included: Node's authorities, the
 * system's, and those of the extra file, which is read again for every connection. (Its modification time would not do:
 * a mounted Secret swaps a symbolic link.) A file that became unusable leaves what was read before in use, and is told
 * once.
 */
export class ControlPlaneTrust {
  readonly #options: TrustOptions
  #digest = ''
  #context: SecureContext | undefined
  #told = ''

  private constructor(options: TrustOptions) {
    this.#options = options
  }

  /** Rejects with an error that names the file and the remedy where it cannot be used at the start. */
  static async open(options: TrustOptions): Promise<ControlPlaneTrust> {
    const trust = new ControlPlaneTrust(options)
    if (options.extraCaFile !== undefined) await trust.#read(options.extraCaFile)
    return trust
  }

  /** Undefined: Node's own authorities. Never rejects. */
  async current(): Promise<SecureContext | undefined> {
    const { extraCaFile, log } = this.#options
    if (extraCaFile === undefined) return undefined
    try {
      const before = this.#digest
      await this.#read(extraCaFile)
      if (this.#digest !== before) log.info({ file: extraCaFile }, 'the extra authorities changed')
      this.#told = ''
    } catch (error) {
      if (!(error instanceof ExtraAuthoritiesUnusable)) throw error
      if (this.#told !== error.message) {
        log.warn({ detail: error.message }, 'the extra authorities that were read before stay in use')
      }
      this.#told = error.message
    }
    return this.#context
  }

  async #read(path: string): Promise<void> {
    const text = await readText(path)
    const digest = createHash('sha256').update(text).digest('hex')
    if (digest === this.#digest) return
    const extra = certificatesOf(text, path)
    const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...extra])]
    this.#context = createSecureContext({ ca })
    this.#digest = digest
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unusable(path, error)
  }
}

function certificatesOf(text: string, path: string): string[] {
  const certificates = text.match(certificateBlock) ?? []
  if (certificates.length === 0) {
    throw new ExtraAuthoritiesUnusable(
      `POSTERN_EXTRA_CA_FILE: ${path} holds no certificate: it must be a bundle of PEM certificates`,
    )
  }
  try {
    for (const certificate of certificates) void new X509Certificate(certificate)
    return certificates
  } catch (error) {
    throw unusable(path, error)
  }
}

function unusable(path: string, error: unknown): ExtraAuthoritiesUnusable {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  return new ExtraAuthoritiesUnusable(
    `POSTERN_EXTRA_CA_FILE: ${path} cannot be used (${code}): it must be a readable bundle of PEM certificates`,
  )
}
