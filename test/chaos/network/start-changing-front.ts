import { setTimeout as sleep } from 'node:timers/promises'
import { createCertificateAuthority } from '@postern/testing/certificate-authority'
import { until } from '../world/watch-output.ts'
import { type FrontTarget, startTlsFront } from './start-tls-front.ts'

export interface AuthorityChange {
  /** Makes clients trust this PEM bundle. */
  trust: (bundle: string) => Promise<unknown>
  /** How long clients are given to read a bundle before it matters; 0: it matters at once. */
  noticeMs: number
  /** How many connections clients open again after they broke. */
  connections: number
}

export interface ChangingFront {
  readonly port: number
  /** The authorities that serve or are about to, PEM. */
  bundle(): string
  /**
   * As an authority is rotated: the new one is trusted beside the old, then it serves and every connection breaks,
   * then the old one is trusted no more and every connection breaks again. Source: Kubernetes docs, "Manual rotation
   * of CA certificates".
   * @returns the milliseconds after each break until clients were connected again; undefined: not in 10 s
   */
  changeAuthority(change: AuthorityChange): Promise<(number | undefined)[]>
  close(): Promise<void>
}

const reconnectWithinMs = 10_000

/** A TLS front whose authority can be replaced by another. */
export async function startChangingFront(name: string, target: FrontTarget): Promise<ChangingFront> {
  let authority = await createCertificateAuthority(`${name} 0`)
  let changes = 0
  let bundle = authority.certificate
  const front = await startTlsFront(await authority.issue(), target)

  async function trustOnly(next: string, { trust, noticeMs }: AuthorityChange): Promise<void> {
    bundle = next
    await trust(bundle)
    await sleep(noticeMs)
  }

  async function breakAll({ connections }: AuthorityChange): Promise<number | undefined> {
    const before = front.secured()
    front.cut()
    return until(() => front.secured() - before >= connections, reconnectWithinMs)
  }

  return {
    port: front.port,
    bundle: () => bundle,
    async changeAuthority(change) {
      changes += 1
      const next = await createCertificateAuthority(`${name} ${changes}`)
      await trustOnly(`${authority.certificate}\n${next.certificate}`, change)
      front.changeCertificate(await next.issue())
      authority = next
      const whileBoth = await breakAll(change)
      await trustOnly(next.certificate, change)
      return [whileBoth, await breakAll(change)]
    },
    close: () => front.close(),
  }
}
