import { type KeyObject, randomBytes } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { isAbsolute, join } from 'node:path'

import { warnOfUnknownVariables } from '@postern/settings'

import type { ListenAddress, NatsAddress } from './config-values.ts'
import { type Variable, everyVariable, type logLevels, variables } from './config-variables.ts'
import { type IsSet, replicaProblems } from './replica-problems.ts'

export interface Config {
  listen: ListenAddress
  /** An origin: no slash at the end. Issuer of access tokens, audience of gateways. */
  publicUrl: string
  /** Undefined for the embedded PostgreSQL. */
  databaseUrl: string | undefined
  databasePoolMax: number
  dataFolder: string
  /** Undefined for the file in the data folder; never so with an external database. */
  rootKey: KeyObject | undefined
  /** Opens what was sealed before the root key was changed. */
  previousRootKey: KeyObject | undefined
  trustedProxies: readonly string[]
  allowInternalKubernetesHosts: boolean
  /** 0 is no limit. */
  loginsPerMinutePerIp: number
  failedLoginsPerMinutePerIdentity: number
  readsPerMinutePerActor: number
  writesPerMinutePerActor: number
  secretRequestsPerMinutePerActor: number
  auditRetentionDays: number
  /** 0: signing keys are rotated by hand alone. */
  signingKeyDaysMax: number
  replicaId: string
  /** Undefined: no other replica. */
  natsServers: readonly NatsAddress[] | undefined
  natsCredentialsFile: string | undefined
  natsUser: string | undefined
  natsPassword: string | undefined
  natsPasswordFile: string | undefined
  natsCaFile: string | undefined
  natsCertFile: string | undefined
  natsKeyFile: string | undefined
  /** Undefined: no raw streams for other replicas. */
  replicaListen: ListenAddress | undefined
  /** What others dial; defined if `replicaListen` is. */
  replicaAddress: ListenAddress | undefined
  logLevel: (typeof logLevels)[number]
}

/** What the process finds around it. */
export interface Environment {
  variables: Readonly<Record<string, string | undefined>>
  hostName: string
  homeFolder: string
  isRoot: boolean
  /** Makes the default replica id unique; letters and digits. */
  randomEnding: string
}

export type ConfigOutcome =
  | { ok: true; config: Config; warnings: string[] }
  /** Every problem there is, each naming its variable. */
  | { ok: false; problems: string[]; warnings: string[] }

/** The only reader of the process' environment. */
export function readEnvironment(): Environment {
  return {
    variables: process.env,
    hostName: hostname(),
    homeFolder: homedir(),
    isRoot: process.geteuid?.() === 0,
    randomEnding: randomBytes(3).toString('hex'),
  }
}

/**
 * @param flags values of command-line options, by the name of the variable that they stand for; they win over the
 * environment. An empty value counts as not set.
 */
export function configFrom(
  environment: Environment,
  flags: Readonly<Record<string, string>> = {},
): ConfigOutcome {
  const problems: string[] = []
  const given = ({ name }: Variable): string | undefined => {
    const text = flags[name] ?? environment.variables[name]
    return text === '' ? undefined : text
  }
  const isSet: IsSet = (setting) => given(variables[setting]) !== undefined
  const read = <Value>(variable: Variable<Value>): Value | undefined => {
    const text = given(variable) ?? variable.defaultText
    if (text === undefined) return undefined
    const parsed = variable.parse(text)
    if ('value' in parsed) return parsed.value
    problems.push(`${variable.name} ${parsed.problem}`)
    return undefined
  }
  const values = {
    listen: read(variables.listen),
    publicUrl: read(variables.publicUrl),
    databaseUrl: read(variables.databaseUrl),
    databasePoolMax: read(variables.databasePoolMax),
    dataFolder: read(variables.dataFolder) ?? defaultDataFolder(environment),
    rootKey: read(variables.rootKey),
    previousRootKey: read(variables.previousRootKey),
    trustedProxies: read(variables.trustedProxies),
    allowInternalKubernetesHosts: read(variables.allowInternalKubernetesHosts),
    loginsPerMinutePerIp: read(variables.loginsPerMinutePerIp),
    failedLoginsPerMinutePerIdentity: read(variables.failedLoginsPerMinutePerIdentity),
    readsPerMinutePerActor: read(variables.readsPerMinutePerActor),
    writesPerMinutePerActor: read(variables.writesPerMinutePerActor),
    secretRequestsPerMinutePerActor: read(variables.secretRequestsPerMinutePerActor),
    auditRetentionDays: read(variables.auditRetentionDays),
    signingKeyDaysMax: read(variables.signingKeyDaysMax),
    replicaId: read(variables.replicaId) ?? defaultReplicaId(environment),
    natsServers: read(variables.natsServers),
    natsCredentialsFile: read(variables.natsCredentialsFile),
    natsUser: read(variables.natsUser),
    natsPassword: read(variables.natsPassword),
    natsPasswordFile: read(variables.natsPasswordFile),
    natsCaFile: read(variables.natsCaFile),
    natsCertFile: read(variables.natsCertFile),
    natsKeyFile: read(variables.natsKeyFile),
    replicaListen: read(variables.replicaListen),
    replicaAddress: read(variables.replicaAddress),
    logLevel: read(variables.logLevel),
  }
  const warnings = warnOfUnknownVariables(
    environment.variables,
    everyVariable.map(({ name }) => name),
  )
  problems.push(...replicaProblems(isSet, values.replicaListen), ...problemsTogether(isSet, values.listen))
  values.replicaAddress ??= values.replicaListen
  if (values.listen !== undefined && !isSet('publicUrl')) {
    values.publicUrl = defaultUrl(values.listen)
    if (isWildcard(values.listen.host) && values.listen.port !== 0) {
      warnings.push(
        `POSTERN_URL is not set: gateways and tokens will name ${values.publicUrl}, which only this machine reaches`,
      )
    }
  }
  return problems.length === 0 && isComplete(values)
    ? { ok: true, config: values, warnings }
    : { ok: false, problems, warnings }
}

type Values = { [Key in keyof Config]: Config[Key] | undefined }

/** What is wrong only in combination. A setting that is wrong by itself counts as set, and has been named for that. */
function problemsTogether(isSet: IsSet, listen: ListenAddress | undefined): string[] {
  const problems: string[] = []
  if (isSet('databaseUrl') && !isSet('rootKey')) {
    problems.push(
      'POSTERN_ROOT_KEY is required with DATABASE_URL: make one with `openssl rand -base64 32`, keep it safe, and give ' +
        'it to every replica',
    )
  }
  if (listen?.port === 0 && !isSet('publicUrl')) {
    problems.push('POSTERN_URL is required if the system chooses the port of POSTERN_LISTEN')
  }
  return problems
}

const mayBeAbsent: ReadonlySet<string> = new Set([
  'databaseUrl',
  'rootKey',
  'previousRootKey',
  'natsServers',
  'natsCredentialsFile',
  'natsUser',
  'natsPassword',
  'natsPasswordFile',
  'natsCaFile',
  'natsCertFile',
  'natsKeyFile',
  'replicaListen',
  'replicaAddress',
])

function isComplete(values: Values): values is Config {
  return Object.entries(values).every(([key, value]) => value !== undefined || mayBeAbsent.has(key))
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function defaultUrl({ host, port }: ListenAddress): string {
  const name = isWildcard(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return new URL(`http://${name}:${port}`).origin
}

/** The XDG Base Directory Specification's place for state; root's, as of any system service, is /var/lib. */
function defaultDataFolder({ variables: given, homeFolder, isRoot }: Environment): string {
  const stateHome = given['XDG_STATE_HOME'] ?? ''
  if (isAbsolute(stateHome)) return join(stateHome, 'postern')
  return isRoot ? '/var/lib/postern' : join(homeFolder, '.local', 'state', 'postern')
}

function defaultReplicaId({ hostName, randomEnding }: Environment): string {
  const host = hostName
    .replaceAll(/[^A-Za-z0-9.-]/g, '')
    .replace(/^[.-]+/, '')
    .slice(0, 50)
  return host === '' ? `replica-${randomEnding}` : `${host}-${randomEnding}`
}
