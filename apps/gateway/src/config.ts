import { join } from 'node:path'
import { warnOfUnknownVariables } from '@postern/settings'
import {
  isLoopback,
  parseCredentialPlace,
  parseListenAddress,
  parseServerUrl,
  type CredentialPlace,
  type ListenAddress,
} from './config-values.ts'
import { parseProxy } from './http/parse-proxy.ts'
import { parseAllowedHosts, type AllowedHosts } from './streams/allowed-hosts.ts'
import { SecretText } from './secret-text.ts'

export interface GatewayConfig {
  /** The control plane's origin, without a trailing slash: `https://postern.example.com`. */
  controlPlaneOrigin: string
  /** Needed once; a gateway that has its credential starts without. */
  enrolmentToken: EnrolmentTokenSource | undefined
  /** Instead of such a token: the pod's own, which another reviewer vouches for. */
  podEnrolment: PodEnrolment | undefined
  credential: CredentialPlace
  kubernetes: {
    /** The API server's origin. */
    url: string
    /** Holds `token`, `ca.crt` and `namespace`, as the kubelet mounts them. */
    serviceAccountFolder: string
  }
  /** Where `/livez`, `/readyz` and `/metrics` answer. */
  listen: ListenAddress
  logLevel: LogLevel
  outbound: OutboundConfig
  /** Where raw streams may lead: nothing else is ever dialled for the control plane. */
  allowedHosts: AllowedHosts
  /** How often the gateway's key is replaced. Undefined: never. */
  keyRotationMs: number | undefined
}

export type EnrolmentTokenSource = { kind: 'text'; token: SecretText } | { kind: 'file'; path: string }

export interface PodEnrolment {
  gatewayId: string
  /** A projected service-account token, with the audience that the gateway's authentication allows. */
  tokenFile: string
}

/** How to reach the control plane. The API server is in the cluster and is always dialled directly. */
export interface OutboundConfig {
  /** May carry a password, so it is never printed. */
  httpsProxy: SecretText | undefined
  httpProxy: SecretText | undefined
  noProxy: string | undefined
  /** A PEM bundle that is trusted beside the system's roots. */
  extraCaFile: string | undefined
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** What the command line may set; it wins over the environment. Secrets have no flag: other users can list those. */
export interface GatewayFlags {
  url?: string
  enrolmentTokenFile?: string
  enrolMethod?: string
  gatewayId?: string
  enrolTokenFile?: string
  credential?: string
  kubernetesUrl?: string
  serviceAccountFolder?: string
  listen?: string
  logLevel?: string
  extraCaFile?: string
  keyRotationHours?: string
  allowedKubernetesHosts?: string
}

export type ConfigOutcome =
  | { kind: 'config'; config: GatewayConfig; warnings: readonly string[] }
  /** All of them at once, each with its remedy; none holds a secret. */
  | { kind: 'problems'; problems: readonly string[]; warnings: readonly string[] }

export type Environment = Readonly<Record<string, string | undefined>>

/** Timers take no more than 24 days. */
const keyRotationHoursMax = 500
const serviceAccountFolderDefault = '/var/run/secrets/kubernetes.io/serviceaccount'

export function readEnvironment(): Environment {
  return process.env
}

export function configFrom(environment: Environment, flags: GatewayFlags): ConfigOutcome {
  const problems: string[] = []
  const settings: string[] = []
  const value = (name: string, flag?: string): string | undefined => {
    settings.push(name)
    return nonEmpty(flag) ?? nonEmpty(environment[name])
  }
  const kept = <T>(
    parsed: { value: T } | { problem: string } | { problems: readonly string[] },
  ): T | undefined => {
    if ('value' in parsed) return parsed.value
    problems.push(...('problems' in parsed ? parsed.problems : [parsed.problem]))
    return undefined
  }

  const controlPlaneOrigin = kept(controlPlaneOriginFrom(value('POSTERN_URL', flags.url)))
  const enrolment = kept(
    enrolmentFrom({
      text: value('POSTERN_ENROLMENT_TOKEN'),
      path: value('POSTERN_ENROLMENT_TOKEN_FILE', flags.enrolmentTokenFile),
      method: value('POSTERN_ENROL_METHOD', flags.enrolMethod),
      gatewayId: value('POSTERN_GATEWAY_ID', flags.gatewayId),
      tokenFile: value('POSTERN_ENROL_TOKEN_FILE', flags.enrolTokenFile),
    }),
  )
  const credential = kept(
    parseCredentialPlace(
      value('POSTERN_CREDENTIAL', flags.credential) ?? credentialPlaceDefault(environment),
    ),
  )
  const url = kept(kubernetesUrlFrom(value('POSTERN_KUBERNETES_URL', flags.kubernetesUrl), environment))
  const listen = kept(parseListenAddress(value('POSTERN_LISTEN', flags.listen) ?? ':8080'))
  const logLevel = kept(logLevelFrom(value('POSTERN_LOG_LEVEL', flags.logLevel) ?? 'info'))
  const allowedHosts = kept(
    parseAllowedHosts(value('POSTERN_ALLOWED_KUBERNETES_HOSTS', flags.allowedKubernetesHosts), url),
  )
  const keyRotationMs = kept(
    keyRotationFrom(value('POSTERN_KEY_ROTATION_HOURS', flags.keyRotationHours) ?? '24'),
  )
  const outbound = kept(outboundFrom(environment, value('POSTERN_EXTRA_CA_FILE', flags.extraCaFile)))
  const serviceAccountFolder =
    value('POSTERN_SERVICE_ACCOUNT_FOLDER', flags.serviceAccountFolder) ?? serviceAccountFolderDefault
  const warnings = warnOfUnknownVariables(environment, settings)

  if (
    !controlPlaneOrigin ||
    !enrolment ||
    !credential ||
    !url ||
    !listen ||
    !logLevel ||
    !outbound ||
    !allowedHosts ||
    problems.length > 0
  ) {
    return { kind: 'problems', problems, warnings }
  }
  return {
    kind: 'config',
    warnings,
    config: {
      controlPlaneOrigin,
      ...enrolment,
      credential,
      kubernetes: { url, serviceAccountFolder },
      listen,
      logLevel,
      outbound,
      allowedHosts,
      keyRotationMs,
    },
  }
}

function controlPlaneOriginFrom(url: string | undefined): { value: string } | { problem: string } {
  if (url === undefined) {
    return {
      problem: 'POSTERN_URL is missing: set it to the control plane, as in https://postern.example.com',
    }
  }
  const parsed = parseServerUrl('POSTERN_URL', url)
  if ('problem' in parsed) return parsed
  if (parsed.value.protocol === 'http:' && !isLoopback(parsed.value.hostname)) {
    return {
      problem: `POSTERN_URL must be https: plain http to ${parsed.value.hostname} would show tokens to the network (http is for loopback only)`,
    }
  }
  return { value: parsed.value.origin }
}

interface EnrolmentSettings {
  text: string | undefined
  path: string | undefined
  method: string | undefined
  gatewayId: string | undefined
  tokenFile: string | undefined
}

function enrolmentFrom(
  set: EnrolmentSettings,
): { value: Pick<GatewayConfig, 'enrolmentToken' | 'podEnrolment'> } | { problems: readonly string[] } {
  const { text, path, gatewayId, tokenFile } = set
  const problems = enrolmentProblems(set)
  if (problems.length > 0) return { problems }
  const file: EnrolmentTokenSource | undefined = path === undefined ? undefined : { kind: 'file', path }
  return {
    value: {
      enrolmentToken: text === undefined ? file : { kind: 'text', token: new SecretText(text.trim()) },
      podEnrolment: gatewayId === undefined || tokenFile === undefined ? undefined : { gatewayId, tokenFile },
    },
  }
}

function enrolmentProblems({ text, path, method, gatewayId, tokenFile }: EnrolmentSettings): string[] {
  const isByToken = method === undefined || method === 'token'
  const isByPod = method === 'kubernetes'
  const isId = gatewayId !== undefined && /^[\w-]{1,64}$/.test(gatewayId)
  const wrong: readonly [boolean, string][] = [
    [!isByToken && !isByPod, 'POSTERN_ENROL_METHOD is neither token nor kubernetes'],
    [
      isByToken && (gatewayId !== undefined || tokenFile !== undefined),
      'POSTERN_GATEWAY_ID and POSTERN_ENROL_TOKEN_FILE are for POSTERN_ENROL_METHOD=kubernetes: set that, or remove them',
    ],
    [
      !isByPod && text !== undefined && path !== undefined,
      'POSTERN_ENROLMENT_TOKEN and POSTERN_ENROLMENT_TOKEN_FILE are both set: keep one of them',
    ],
    [
      isByPod && (text !== undefined || path !== undefined),
      'POSTERN_ENROL_METHOD=kubernetes needs no enrolment token: remove what is set of POSTERN_ENROLMENT_TOKEN and POSTERN_ENROLMENT_TOKEN_FILE',
    ],
    [
      gatewayId === undefined ? isByPod : !isId,
      'POSTERN_GATEWAY_ID is missing or no id: set it to the id of the gateway (console: Gateways)',
    ],
    [
      isByPod && tokenFile === undefined,
      "POSTERN_ENROL_TOKEN_FILE is missing: set it to the path of the pod's projected token",
    ],
  ]
  return wrong.filter(([isWrong]) => isWrong).map(([, problem]) => problem)
}

function credentialPlaceDefault(environment: Environment): string {
  if (nonEmpty(environment['KUBERNETES_SERVICE_HOST']) !== undefined) return 'secret:postern-gateway'
  const stateFolder =
    nonEmpty(environment['XDG_STATE_HOME']) ??
    join(nonEmpty(environment['HOME']) ?? '/var/lib', '.local/state')
  return `file:${join(stateFolder, 'postern', 'gateway-credential.json')}`
}

function kubernetesUrlFrom(
  url: string | undefined,
  environment: Environment,
): { value: string } | { problem: string } {
  const host = nonEmpty(environment['KUBERNETES_SERVICE_HOST'])
  if (url === undefined && host === undefined) {
    return {
      problem:
        'The API server is unknown: run in a pod, where KUBERNETES_SERVICE_HOST is set, or set POSTERN_KUBERNETES_URL as in https://10.0.0.1:6443',
    }
  }
  const port = nonEmpty(environment['KUBERNETES_SERVICE_PORT']) ?? '443'
  const name = url === undefined ? 'KUBERNETES_SERVICE_HOST' : 'POSTERN_KUBERNETES_URL'
  const parsed = parseServerUrl(name, url ?? `https://${bracketed(host ?? '')}:${port}`)
  if ('problem' in parsed) return parsed
  if (parsed.value.protocol === 'http:' && !isLoopback(parsed.value.hostname)) {
    return { problem: `${name} must be https: the gateway sends its own token there` }
  }
  return { value: parsed.value.origin }
}

function logLevelFrom(level: string): { value: LogLevel } | { problem: string } {
  const known = logLevels.find((candidate) => candidate === level)
  if (known !== undefined) return { value: known }
  return { problem: `POSTERN_LOG_LEVEL is none of ${logLevels.join(', ')}` }
}

/** Hours, with parts of them; 0: never. */
function keyRotationFrom(hours: string): { value: number | undefined } | { problem: string } {
  const number = Number(hours)
  if (!(number >= 0) || number > keyRotationHoursMax) {
    return {
      problem: `POSTERN_KEY_ROTATION_HOURS is no number from 0 (never) to ${keyRotationHoursMax}: write 24 for a new key every day`,
    }
  }
  return { value: number === 0 ? undefined : number * 3_600_000 }
}

/** The lower-case spellings count too, and first, as in curl. */
function outboundFrom(
  environment: Environment,
  extraCaFile: string | undefined,
): { value: OutboundConfig } | { problems: readonly string[] } {
  const either = (name: string): string | undefined =>
    nonEmpty(environment[name.toLowerCase()]) ?? nonEmpty(environment[name])
  const [httpsProxy, httpProxy] = [either('HTTPS_PROXY'), either('HTTP_PROXY')]
  const problems = Object.entries({ HTTPS_PROXY: httpsProxy, HTTP_PROXY: httpProxy })
    .filter(([, proxy]) => proxy !== undefined && parseProxy(proxy) === undefined)
    .map(
      ([name]) =>
        `${name} is not the address of an HTTP proxy: write http://host:port or http://user:password@host:port, special characters of the password percent-encoded`,
    )
  if (problems.length > 0) return { problems }
  const secret = (text: string | undefined): SecretText | undefined =>
    text === undefined ? undefined : new SecretText(text)
  return {
    value: {
      httpsProxy: secret(httpsProxy),
      httpProxy: secret(httpProxy),
      noProxy: either('NO_PROXY'),
      extraCaFile,
    },
  }
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text
}
