import { randomBytes } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { readCommandLine } from './command-line.ts'
import { type Config, type Environment, configFrom, readEnvironment } from './config.ts'
import { everyVariable } from './config-variables.ts'

const rootKey = randomBytes(32).toString('base64')

function environmentOf(variables: Environment['variables'], rest: Partial<Environment> = {}): Environment {
  return {
    variables,
    hostName: 'host-1',
    homeFolder: '/home/ann',
    isRoot: false,
    randomEnding: 'abc123',
    ...rest,
  }
}

function right(
  variables: Environment['variables'],
  flags: Record<string, string> = {},
  rest: Partial<Environment> = {},
): Config {
  const outcome = configFrom(environmentOf(variables, rest), flags)
  if (!outcome.ok) throw new Error(outcome.problems.join('\n'))
  return outcome.config
}

function problemsOf(variables: Environment['variables']): string[] {
  const outcome = configFrom(environmentOf(variables))
  return outcome.ok ? [] : outcome.problems
}

describe('configFrom', () => {
  it('needs nothing', () => {
    expect(right({})).toEqual({
      listen: { host: '127.0.0.1', port: 8080 },
      publicUrl: 'http://127.0.0.1:8080',
      databaseUrl: undefined,
      databasePoolMax: 10,
      dataFolder: '/home/ann/.local/state/postern',
      rootKey: undefined,
      trustedProxies: [],
      allowInternalKubernetesHosts: false,
      loginsPerMinutePerIp: 3000,
      failedLoginsPerMinutePerIdentity: 300,
      readsPerMinutePerActor: 6000,
      writesPerMinutePerActor: 3000,
      secretRequestsPerMinutePerActor: 12_000,
      auditRetentionDays: 365,
      signingKeyDaysMax: 0,
      replicaId: 'host-1-abc123',
      logLevel: 'info',
    })
  })

  it('reads every variable', () => {
    const config = right({
      POSTERN_LISTEN: '[::1]:443',
      POSTERN_URL: 'https://postern.example.com/',
      DATABASE_URL: 'postgresql://u:p@db/postern',
      POSTERN_DATABASE_POOL_MAX: '20',
      POSTERN_DATA_FOLDER: '/data',
      POSTERN_ROOT_KEY: rootKey,
      POSTERN_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::/32',
      POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS: 'true',
      POSTERN_LOGINS_PER_MINUTE_PER_IP: '0',
      POSTERN_FAILED_LOGINS_PER_MINUTE_PER_IDENTITY: '7',
      POSTERN_READS_PER_MINUTE_PER_ACTOR: '8',
      POSTERN_WRITES_PER_MINUTE_PER_ACTOR: '9',
      POSTERN_SECRET_REQUESTS_PER_MINUTE_PER_ACTOR: '0',
      POSTERN_AUDIT_RETENTION_DAYS: '30',
      POSTERN_SIGNING_KEY_DAYS_MAX: '90',
      POSTERN_REPLICA_ID: 'replica-2',
      POSTERN_LOG_LEVEL: 'warn',
    })
    expect(config.rootKey?.export().toString('base64')).toBe(rootKey)
    expect({ ...config, rootKey: undefined }).toEqual({
      listen: { host: '::1', port: 443 },
      publicUrl: 'https://postern.example.com',
      databaseUrl: 'postgresql://u:p@db/postern',
      databasePoolMax: 20,
      dataFolder: '/data',
      rootKey: undefined,
      trustedProxies: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'],
      allowInternalKubernetesHosts: true,
      loginsPerMinutePerIp: 0,
      failedLoginsPerMinutePerIdentity: 7,
      readsPerMinutePerActor: 8,
      writesPerMinutePerActor: 9,
      secretRequestsPerMinutePerActor: 0,
      auditRetentionDays: 30,
      signingKeyDaysMax: 90,
      replicaId: 'replica-2',
      logLevel: 'warn',
    })
  })

  it('lists every problem at once', () => {
    const problems = problemsOf({
      POSTERN_LISTEN: '8080',
      POSTERN_URL: 'postern.example.com',
      POSTERN_LOG_LEVEL: 'loud',
      POSTERN_DATABASE_POOL_MAX: '-1',
    })
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'POSTERN_LISTEN',
      'POSTERN_URL',
      'POSTERN_DATABASE_POOL_MAX',
      'POSTERN_LOG_LEVEL',
    ])
  })

  it.each<[string, Record<string, string>, readonly string[]]>([
    [
      'beside a wrong one',
      { POSTERN_LISTEN: 'bad', DATABASE_URL: 'postgres://h/db', POSTERN_NATS_USER: 'u' },
      [
        'POSTERN_LISTEN must be',
        'POSTERN_NATS_URL is missing',
        'POSTERN_NATS_USER goes with',
        'POSTERN_ROOT_KEY is required',
      ],
    ],
    [
      'of which one is wrong itself',
      { DATABASE_URL: 'mysql://h/db', POSTERN_NATS_URL: 'nats-1', POSTERN_NATS_CERT_FILE: '/c' },
      [
        'DATABASE_URL must be',
        'POSTERN_NATS_URL must be',
        'POSTERN_NATS_CERT_FILE goes with',
        'POSTERN_ROOT_KEY is required',
      ],
    ],
    [
      'and says nothing is missing that is there and wrong',
      {
        DATABASE_URL: 'postgres://h/db',
        POSTERN_ROOT_KEY: 'changeme',
        POSTERN_LISTEN: '0.0.0.0:0',
        POSTERN_URL: 'postern',
        POSTERN_NATS_URL: 'nats-1',
        POSTERN_NATS_USER: 'u',
        POSTERN_NATS_PASSWORD_FILE: 'password',
        POSTERN_REPLICA_LISTEN: '0.0.0.0:1',
        POSTERN_REPLICA_ADDRESS: 'a:0',
      },
      [
        'POSTERN_URL must be',
        'POSTERN_ROOT_KEY must be',
        'POSTERN_NATS_URL must be',
        'POSTERN_NATS_PASSWORD_FILE must be',
        'POSTERN_REPLICA_ADDRESS must be',
      ],
    ],
    ['and of a missing URL no more than that', { POSTERN_LISTEN: '0.0.0.0:0' }, ['POSTERN_URL is required']],
    [
      'and the missing URL of NATS once, for all that need it',
      { POSTERN_NATS_PASSWORD: 'p', POSTERN_REPLICA_ADDRESS: '10.0.0.7:8090' },
      ['POSTERN_NATS_URL is missing', 'POSTERN_NATS_USER goes with', 'POSTERN_REPLICA_ADDRESS goes with'],
    ],
  ])('lists what is wrong in combination %s', (_title, variables, beginnings) => {
    expect(configFrom(environmentOf(variables))).toEqual({
      ok: false,
      problems: beginnings.map((beginning) => expect.stringMatching(`^${beginning}`)),
      warnings: [],
    })
  })

  it.each([
    [
      'POSTERN_LISTEN',
      ['localhost', ':8080', '127.0.0.1:', '127.0.0.1:65536', '::1:80', '[nonsense]:80', '[:]:1', 'a b:1'],
    ],
    [
      'POSTERN_URL',
      [
        'ftp://a',
        'https://a/b',
        'https://a/?',
        'https://a/#',
        'https://u@a',
        'https://u:p@a',
        'https://a?b=c',
      ],
    ],
    ['DATABASE_URL', ['mysql://a/b', 'db:5432', 'host=a dbname=b']],
    ['POSTERN_DATA_FOLDER', ['data', './data', '~/data']],
    ['POSTERN_ROOT_KEY', ['changeme', randomBytes(16).toString('base64'), randomBytes(32).toString('hex')]],
    ['POSTERN_TRUSTED_PROXIES', ['proxy.example.com', '10.0.0.0/33', '0.0.0.0/0', '10.0.0.1/8/8', '*']],
    ['POSTERN_ALLOW_INTERNAL_KUBERNETES_HOSTS', ['yes', '1', 'TRUE', ' true', 'false ']],
    ['POSTERN_LOGINS_PER_MINUTE_PER_IP', ['-1', '1e3', '1.5', 'many', '0x10']],
    ['POSTERN_REPLICA_ID', ['a b', '-a', 'a.*', 'a'.repeat(64)]],
  ])('refuses wrong values of %s', (name, texts) => {
    const rest = name === 'DATABASE_URL' ? { POSTERN_ROOT_KEY: rootKey } : {}
    for (const text of texts) {
      expect(problemsOf({ ...rest, [name]: text })).toEqual([expect.stringContaining(name)])
    }
  })

  it.each([
    ['POSTERN_ROOT_KEY', 'canary'],
    ['DATABASE_URL', 'mysql://ann:canary@db/postern'],
  ])('repeats no part of a wrong %s', (name, text) => {
    expect(problemsOf({ [name]: text }).join()).not.toContain('canary')
  })

  it('refuses an external database without a root key, and says how to make one', () => {
    expect(problemsOf({ DATABASE_URL: 'postgresql://db/postern' })).toEqual([
      expect.stringMatching(/^POSTERN_ROOT_KEY is required with DATABASE_URL.*openssl rand -base64 32/),
    ])
  })

  it('refuses a chosen-by-the-system port without a public URL', () => {
    expect(problemsOf({ POSTERN_LISTEN: '127.0.0.1:0' })).toEqual([expect.stringContaining('POSTERN_URL')])
    expect(right({ POSTERN_LISTEN: '127.0.0.1:0', POSTERN_URL: 'http://a' }).listen.port).toBe(0)
  })

  it.each([
    ['127.0.0.1:80', 'http://127.0.0.1'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['0.0.0.0:8080', 'http://localhost:8080'],
    ['[::]:8080', 'http://localhost:8080'],
  ])('derives the public URL of %s', (listen, url) => {
    expect(right({ POSTERN_LISTEN: listen }).publicUrl).toBe(url)
  })

  it('warns if it listens for others under a URL that only this machine reaches', () => {
    expect(configFrom(environmentOf({ POSTERN_LISTEN: '0.0.0.0:80' })).warnings).toEqual([
      expect.stringContaining('POSTERN_URL is not set'),
    ])
    expect(
      configFrom(environmentOf({ POSTERN_LISTEN: '0.0.0.0:80', POSTERN_URL: 'https://a' })).warnings,
    ).toEqual([])
  })

  it('takes an empty variable for one that is not set', () => {
    expect(right({ DATABASE_URL: '', POSTERN_LOG_LEVEL: '' })).toMatchObject({
      databaseUrl: undefined,
      logLevel: 'info',
    })
  })

  it('lets an option win over its variable', () => {
    expect(right({ POSTERN_LOG_LEVEL: 'warn' }, { POSTERN_LOG_LEVEL: 'debug' }).logLevel).toBe('debug')
  })

  it.each([
    [{ XDG_STATE_HOME: '/state' }, {}, '/state/postern'],
    [{ XDG_STATE_HOME: 'relative' }, {}, '/home/ann/.local/state/postern'],
    [{}, { isRoot: true }, '/var/lib/postern'],
    [{ POSTERN_DATA_FOLDER: '/d' }, { isRoot: true }, '/d'],
  ])('keeps its data in the usual place: %j %j', (variables, rest, folder) => {
    expect(right(variables, {}, rest).dataFolder).toBe(folder)
  })

  it('makes a replica id of any host name', () => {
    expect(right({}, {}, { hostName: '' }).replicaId).toBe('replica-abc123')
    expect(right({}, {}, { hostName: '-näh_me.local' }).replicaId).toBe('nhme.local-abc123')
  })

  it('warns of a POSTERN_ variable that is no setting, and names the nearest', () => {
    expect(configFrom(environmentOf({ POSTERN_TRUSTED_PROXY: '10.0.0.0/8' })).warnings).toEqual([
      'POSTERN_TRUSTED_PROXY is set, and no setting has this name; did you mean POSTERN_TRUSTED_PROXIES?',
    ])
  })

  it('is given what it needs by this very process', () => {
    expect(readEnvironment()).toMatchObject({
      homeFolder: expect.stringContaining('/'),
      variables: process.env,
    })
  })
})

describe('readCommandLine', () => {
  it('describes every variable with its default', () => {
    const help = readCommandLine(['--help'])
    if (help.kind !== 'print') throw new Error('expected a text')
    expect(help.exitCode).toBe(0)
    for (const { name, flag = '', defaultText = '' } of everyVariable) {
      expect(help.text).toContain(`${name}=`)
      expect(help.text).toContain(flag)
      expect(help.text).toContain(defaultText)
    }
  })

  it('gives every option to its variable', () => {
    const args = everyVariable.flatMap(({ flag }, index) => (flag === undefined ? [] : [flag, `v${index}`]))
    const expected = Object.fromEntries(
      everyVariable.flatMap(({ flag, name }, index) => (flag === undefined ? [] : [[name, `v${index}`]])),
    )
    expect(readCommandLine(args)).toEqual({ kind: 'start', flags: expected })
  })

  it('takes no secret as an option', () => {
    const withFlags = everyVariable.filter(({ flag }) => flag !== undefined).map(({ name }) => name)
    expect(withFlags).not.toContain('POSTERN_ROOT_KEY')
    expect(withFlags).not.toContain('DATABASE_URL')
    expect(withFlags).not.toContain('POSTERN_NATS_PASSWORD')
  })

  it.each([[['--lisen', 'x']], [['start']], [['--listen']]])('refuses %j', (args) => {
    expect(readCommandLine(args)).toMatchObject({
      kind: 'print',
      exitCode: 1,
      text: expect.stringMatching(/error/),
    })
  })
})
