import 'reflect-metadata'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { KeyObject, randomBytes, webcrypto } from 'node:crypto'

/** A certificate and its private key, both PEM. */
export interface ServingCertificate {
  readonly certificate: string
  readonly privateKey: string
}

export interface ServingCertificateOptions {
  /** Names and addresses that the certificate is good for; by default localhost, 127.0.0.1 and ::1. */
  readonly names?: readonly string[]
  /** By default in one day; a moment in the past makes an expired certificate. */
  readonly notAfter?: Date
  /** A client's certificate instead of a server's. */
  readonly isForClients?: boolean
}

/** A certificate authority that lives in memory only. */
export interface CertificateAuthority {
  /** The authority's own certificate, PEM: what a client trusts. */
  readonly certificate: string
  issue(options?: ServingCertificateOptions): Promise<ServingCertificate>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 24 * 60 * 60 * 1000

/** Makes an authority with a new ECDSA P-256 key. `commonName` tells authorities apart in messages of TLS clients. */
export async function createCertificateAuthority(commonName: string): Promise<CertificateAuthority> {
  const keys = await newKeys()
  const own = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + 10 * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return {
    certificate: own.toString('pem'),
    async issue(options = {}) {
      const { names = ['localhost', '127.0.0.1', '::1'], notAfter = new Date(Date.now() + dayMs) } = options
      const leaf = await newKeys()
      const certificate = await X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: 'CN=kube-apiserver',
        issuer: own.subject,
        notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - dayMs),
        notAfter,
        signingAlgorithm: algorithm,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
          new ExtendedKeyUsageExtension([
            options.isForClients === true ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth,
          ]),
          new SubjectAlternativeNameExtension(
            names.map((name) => ({ type: /^[\d.]+$|:/.test(name) ? 'ip' : 'dns', value: name })),
          ),
        ],
      })
      const privateKey = KeyObject.from(leaf.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
      return { certificate: certificate.toString('pem'), privateKey }
    },
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/** Sixteen random bytes whose first bit is clear: a serial number is a positive integer (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = (bytes.readUInt8(0) & 0x7f) | 0x01
  return bytes.toString('hex')
}
