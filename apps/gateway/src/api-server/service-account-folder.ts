import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the kubelet mounts for a pod. Both rotate under a running process (the `..data` symlink is swapped). */
export interface ServiceAccount {
  token: string
  /** The header that presents the token. */
  authorization: string
  /** PEM bundle of the cluster's certificate authorities. */
  certificateAuthority: string
  /** Changes whenever the bundle does. */
  certificateAuthorityDigest: string
}

/** How old the token in use may be, in milliseconds. The kubelet replaces it at 80 % of its life, an hour usually. */
const stalenessMsMax = 5_000

/** A bearer token's characters; anything else (a newline above all) would end up in a header. Source: RFC 6750 §2.1. */
const bearerToken = /^[A-Za-z0-9\-._~+/]+=*$/

export class ServiceAccountUnreadable extends Error {
  override name = 'ServiceAccountUnreadable'
}

export interface ServiceAccountFolderOptions {
  path: string
  /** Milliseconds of a monotonic clock. */
  now: () => number
  /** Told when a rotation cannot be read; what was read before stays in use. */
  onUnreadable: (error: ServiceAccountUnreadable) => void
}

/** The service account's files, read again when they may have rotated. Reading a file beats watching one: inotify
 * does not cross the symlink swap, and one read in five seconds costs nothing. */
export class ServiceAccountFolder {
  readonly #options: ServiceAccountFolderOptions
  #account: ServiceAccount | undefined
  #readAt = -Infinity
  #reading: Promise<ServiceAccount> | undefined

  constructor(options: ServiceAccountFolderOptions) {
    this.#options = options
  }

  /** At most five seconds old. Rejects with `ServiceAccountUnreadable` if the files could never be read. */
  current(): ServiceAccount | Promise<ServiceAccount> {
    if (this.#account !== undefined && this.#options.now() - this.#readAt < stalenessMsMax)
      return this.#account
    return this.reread()
  }

  /** Reads now: for when the API server no longer takes what is in use. Callers at the same time share one read. */
  reread(): Promise<ServiceAccount> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** The pod's own namespace. It never changes. */
  async namespace(): Promise<string> {
    return (await this.#file('namespace')).trim()
  }

  async #read(): Promise<ServiceAccount> {
    try {
      const [token, certificateAuthority] = await Promise.all([this.#token(), this.#file('ca.crt')])
      const certificateAuthorityDigest = createHash('sha256').update(certificateAuthority).digest('hex')
      const authorization = `Bearer ${token}`
      this.#account = { token, authorization, certificateAuthority, certificateAuthorityDigest }
    } catch (error) {
      if (this.#account === undefined || !(error instanceof ServiceAccountUnreadable)) throw error
      this.#options.onUnreadable(error)
    }
    this.#readAt = this.#options.now()
    return this.#account
  }

  async #token(): Promise<string> {
    const token = (await this.#file('token')).trim()
    if (bearerToken.test(token)) return token
    throw new ServiceAccountUnreadable(
      `${join(this.#options.path, 'token')} does not hold a token: mount the service account's token there`,
    )
  }

  async #file(name: string): Promise<string> {
    const path = join(this.#options.path, name)
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      throw new ServiceAccountUnreadable(
        `${path} cannot be read (${code}): let the pod mount its service account, or set POSTERN_SERVICE_ACCOUNT_FOLDER`,
      )
    }
  }
}
