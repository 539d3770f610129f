/**
 * The JWT (RFC 7519, compact JWS of RFC 7515) that a gateway signs for each dial:
 * header `{alg:"EdDSA", kid:<thumbprint of its key>, typ?:"JWT"}`, claims `{sub:<gateway id>, aud:<the control plane's
 * origin>, iat, exp, jti}`. This reads it and decides nothing: no claim counts before `authenticate-gateway.ts` has
 * verified the signature.
 */
export interface GatewayToken {
  keyId: string
  gatewayId: string
  audiences: readonly string[]
  issuedAtSeconds: number
  expiresAtSeconds: number
  tokenId: string
  signedPart: Buffer
  signature: Buffer
}

export type GatewayTokenParsed = { ok: true; token: GatewayToken } | { ok: false; problem: string }

const gatewayTokenLimits = { charactersMax: 2048, lifetimeSecondsMax: 60, audiencesMax: 8 } as const

const headerMembers = new Set(['alg', 'kid', 'typ'])
const keyIdForm = /^[\w-]{43}$/
const tokenIdForm = /^[\w-]{16,128}$/
const gatewayIdForm = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/
const ed25519SignatureBytes = 64

export function parseGatewayToken(text: string): GatewayTokenParsed {
  if (text.length > gatewayTokenLimits.charactersMax) return refuse('is longer than 2048 characters')
  const parts = text.split('.')
  const [headerPart, claimsPart, signaturePart] = parts
  if (
    parts.length !== 3 ||
    headerPart === undefined ||
    claimsPart === undefined ||
    signaturePart === undefined
  ) {
    return refuse('is no JWT of three parts')
  }
  const header = decodeObject(headerPart)
  const claims = decodeObject(claimsPart)
  const signature = decodePart(signaturePart)
  if (header === undefined || claims === undefined || signature === undefined) {
    return refuse('has a part that is not base64url of what belongs there')
  }
  const headerProblem = findHeaderProblem(header)
  if (headerProblem !== undefined) return refuse(headerProblem)
  if (signature.length !== ed25519SignatureBytes) return refuse('has a signature that is not 64 bytes long')
  return readClaims(claims, {
    keyId: String(header['kid']),
    signedPart: Buffer.from(`${headerPart}.${claimsPart}`, 'ascii'),
    signature,
  })
}

/** A closed list: `jwk`, `jku`, `x5u`, `x5c` would choose the key, `crit` and `b64` would change the rules. */
function findHeaderProblem(header: Record<string, unknown>): string | undefined {
  if (header['alg'] !== 'EdDSA') return 'is not signed with alg EdDSA'
  if (Object.keys(header).some((name) => !headerMembers.has(name))) {
    return 'has header members other than alg, kid and typ'
  }
  if (header['typ'] !== undefined && header['typ'] !== 'JWT') return 'has a typ other than JWT'
  const kid = header['kid']
  if (typeof kid !== 'string' || !keyIdForm.test(kid)) return 'has no kid that is the thumbprint of a key'
  return undefined
}

function readClaims(
  claims: Record<string, unknown>,
  signed: Pick<GatewayToken, 'keyId' | 'signedPart' | 'signature'>,
): GatewayTokenParsed {
  const { sub, iat, exp, jti } = claims
  const audiences = readAudiences(claims['aud'])
  if (typeof sub !== 'string' || !gatewayIdForm.test(sub))
    return refuse('has no sub that is the id of a gateway')
  if (audiences === undefined) return refuse('has no aud')
  if (!isSeconds(iat) || !isSeconds(exp)) return refuse('has no iat and exp in whole seconds')
  if (claims['nbf'] !== undefined && claims['nbf'] !== iat) return refuse('has an nbf that differs from iat')
  if (exp <= iat || exp - iat > gatewayTokenLimits.lifetimeSecondsMax) {
    return refuse('does not live for 1 to 60 seconds (exp − iat)')
  }
  if (typeof jti !== 'string' || !tokenIdForm.test(jti))
    return refuse('has no jti of 16 to 128 base64url characters')
  return {
    ok: true,
    token: {
      ...signed,
      gatewayId: sub,
      audiences,
      issuedAtSeconds: iat,
      expiresAtSeconds: exp,
      tokenId: jti,
    },
  }
}

function readAudiences(value: unknown): readonly string[] | undefined {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0 || list.length > gatewayTokenLimits.audiencesMax) return undefined
  return list.every((entry): entry is string => typeof entry === 'string' && entry !== '') ? list : undefined
}

/** 2^40 seconds end in the year 36812: what is beyond is no time, and would not fit a timestamp. */
function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 40
}

function decodeObject(part: string): Record<string, unknown> | undefined {
  const bytes = decodePart(part)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Only the canonical spelling counts: without padding, without bits left over. */
function decodePart(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url')
  return bytes.length > 0 && bytes.toString('base64url') === part ? bytes : undefined
}

function refuse(problem: string): { ok: false; problem: string } {
  return { ok: false, problem }
}
