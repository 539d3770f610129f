import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { environmentNotes } from './command-line.ts'
import { configFrom, type Environment, type GatewayConfig, type GatewayFlags } from './config.ts'

const inPod = {
  POSTERN_URL: 'https://postern.example.com',
  KUBERNETES_SERVICE_HOST: '10.96.0.1',
  KUBERNETES_SERVICE_PORT: '6443',
}

function configOf(environment: Environment, flags: GatewayFlags = {}): GatewayConfig {
  const outcome = configFrom(environment, flags)
  if (outcome.kind === 'problems') throw new Error(outcome.problems.join('\n'))
  return outcome.config
}

function problemsOf(environment: Environment, flags: GatewayFlags = {}): readonly string[] {
  const outcome = configFrom(environment, flags)
  return outcome.kind === 'problems' ? outcome.problems : []
}

describe('the configuration of a gateway', () => {
  it('needs nothing but the URL in a pod', () => {
    expect(configOf(inPod)).toEqual({
      controlPlaneOrigin: 'https://postern.example.com',
      enrolmentToken: undefined,
      credential: { kind: 'secret', name: 'postern-gateway' },
      kubernetes: {
        url: 'https://10.96.0.1:6443',
        serviceAccountFolder: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
      listen: { host: undefined, port: 8080 },
      logLevel: 'info',
      outbound: { httpsProxy: undefined, httpProxy: undefined, noProxy: undefined, extraCaFile: undefined },
      podEnrolment: undefined,
      allowedHosts: [{ host: '10.96.0.1', port: 6443 }],
      keyRotationMs: 24 * 3_600_000,
    })
  })

  it('keeps the credential in the state folder of the user outside of a cluster', () => {
    const outside = {
      POSTERN_URL: 'https://p.example',
      POSTERN_KUBERNETES_URL: 'https://k.example:6443/',
      HOME: '/home/op',
    }
    expect(configOf(outside)).toMatchObject({
      credential: { kind: 'file', path: '/home/op/.local/state/postern/gateway-credential.json' },
      kubernetes: { url: 'https://k.example:6443' },
    })
    expect(configOf({ ...outside, XDG_STATE_HOME: '/state' }).credential).toEqual({
      kind: 'file',
      path: '/state/postern/gateway-credential.json',
    })
  })

  it('takes each setting by its flag before that of its variable', () => {
    const environment = {
      ...inPod,
      POSTERN_EXTRA_CA_FILE: '/of-environment.pem',
      POSTERN_KEY_ROTATION_HOURS: '1',
      POSTERN_ALLOWED_KUBERNETES_HOSTS: 'of-environment:443',
      POSTERN_ENROL_METHOD: 'token',
    }
    const flags = {
      extraCaFile: '/of-flag.pem',
      keyRotationHours: '2',
      allowedKubernetesHosts: 'of-flag:443',
      enrolMethod: 'kubernetes',
      gatewayId: 'of-flag',
      enrolTokenFile: '/of-flag',
    }
    expect(configOf(environment, flags)).toMatchObject({
      outbound: { extraCaFile: '/of-flag.pem' },
      keyRotationMs: 2 * 3_600_000,
      allowedHosts: [{ host: 'of-flag', port: 443 }],
      podEnrolment: { gatewayId: 'of-flag', tokenFile: '/of-flag' },
    })
  })

  it('lists every problem at once, each with its remedy', () => {
    const problems = problemsOf({
      POSTERN_CREDENTIAL: 'vault:x',
      POSTERN_LISTEN: 'eighty',
      POSTERN_LOG_LEVEL: 'loud',
      POSTERN_ENROLMENT_TOKEN: 'enrol-canary',
      POSTERN_ENROLMENT_TOKEN_FILE: '/token',
    })
    expect(problems).toHaveLength(6)
    for (const name of ['POSTERN_URL', 'CREDENTIAL', 'LISTEN', 'LOG_LEVEL', 'TOKEN_FILE', 'KUBERNETES_URL']) {
      expect(problems.join('\n')).toContain(name)
    }
    expect(problems.join('\n')).not.toContain('enrol-canary')
  })

  it.each<[string, Environment, readonly string[]]>([
    [
      'both proxies',
      { ...inPod, HTTPS_PROXY: 'socks5://proxy', HTTP_PROXY: 'http://' },
      ['HTTPS_PROXY is not', 'HTTP_PROXY is not'],
    ],
    [
      'the allowed hosts, though the API server is unknown',
      { POSTERN_URL: 'https://postern.example.com', POSTERN_ALLOWED_KUBERNETES_HOSTS: 'nowhere' },
      ['The API server is unknown', 'POSTERN_ALLOWED_KUBERNETES_HOSTS is a list'],
    ],
    [
      'all that enrolment by the pod lacks',
      { ...inPod, POSTERN_ENROL_METHOD: 'kubernetes', POSTERN_ENROLMENT_TOKEN: 'x' },
      [
        'POSTERN_ENROL_METHOD=kubernetes needs no enrolment token',
        'POSTERN_GATEWAY_ID is missing',
        'POSTERN_ENROL_TOKEN_FILE is missing',
      ],
    ],
    [
      'two enrolment tokens where none is needed, once',
      {
        ...inPod,
        POSTERN_ENROL_METHOD: 'kubernetes',
        POSTERN_GATEWAY_ID: 'gateway-1',
        POSTERN_ENROL_TOKEN_FILE: '/token',
        POSTERN_ENROLMENT_TOKEN: 'x',
        POSTERN_ENROLMENT_TOKEN_FILE: '/x',
      },
      ['POSTERN_ENROL_METHOD=kubernetes needs no enrolment token'],
    ],
    [
      'an id that is none beside a method that is none',
      { ...inPod, POSTERN_ENROL_METHOD: 'aws', POSTERN_GATEWAY_ID: '../secrets' },
      ['POSTERN_ENROL_METHOD is neither', 'POSTERN_GATEWAY_ID is missing or no id'],
    ],
  ])('lists %s', (_title, environment, beginnings) => {
    expect(problemsOf(environment)).toEqual(
      beginnings.map((beginning) => expect.stringMatching(`^${beginning}`)),
    )
  })

  it('lets a flag win over its variable', () => {
    expect(configOf(inPod, { url: 'https://other.example', listen: '127.0.0.1:0' })).toMatchObject({
      controlPlaneOrigin: 'https://other.example',
      listen: { host: '127.0.0.1', port: 0 },
    })
  })

  it.each(['http://postern.example.com', 'http://10.0.0.1', 'http://127.evil.example', 'http://0.0.0.0'])(
    'refuses plain http to another machine: %s',
    (url) => {
      expect(problemsOf({ ...inPod, POSTERN_URL: url })).toEqual([expect.stringContaining('must be https')])
    },
  )

  it.each(['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080'])(
    'takes plain http to this machine: %s',
    (url) => {
      expect(configOf({ ...inPod, POSTERN_URL: `${url}/` }).controlPlaneOrigin).toBe(url)
    },
  )

  it.each(['https://u:pw-canary@h', 'https://h/path', 'https://h/?q=1', 'ftp://h', 'not a url'])(
    'refuses %s as a control plane without repeating it',
    (url) => {
      const problems = problemsOf({ ...inPod, POSTERN_URL: url })
      expect(problems).toHaveLength(1)
      expect(problems[0]).not.toContain('pw-canary')
    },
  )

  it('puts an IPv6 API server in brackets', () => {
    expect(configOf({ ...inPod, KUBERNETES_SERVICE_HOST: 'fd00::1' }).kubernetes.url).toBe(
      'https://[fd00::1]:6443',
    )
  })

  it.each([
    ['[::1]:9090', { host: '::1', port: 9090 }],
    [':0', { host: undefined, port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ])('listens on %s', (text, listen) => {
    expect(configOf({ ...inPod, POSTERN_LISTEN: text }).listen).toEqual(listen)
  })

  it.each(['file:relative', 'secret:', 'secret:Upper', 'secret:../other', 'secret:a/b', 'file', ''])(
    'refuses or defaults %j as the place of the credential',
    (place) => {
      const outcome = configFrom({ ...inPod, POSTERN_CREDENTIAL: place }, {})
      expect(outcome.kind).toBe(place === '' ? 'config' : 'problems')
    },
  )

  it('T31: prints neither the enrolment token nor a password of the proxy', () => {
    const config = configOf({
      ...inPod,
      POSTERN_ENROLMENT_TOKEN: 'enrol-canary\n',
      https_proxy: 'http://u:pw-canary@proxy:3128',
    })
    const token = config.enrolmentToken
    expect(token?.kind === 'text' && token.token.reveal()).toBe('enrol-canary')
    const printed = `${JSON.stringify(config)} ${inspect(config, { depth: 9, showHidden: true })} ${String(config.outbound.httpsProxy)}`
    expect(printed).not.toContain('canary')
  })

  it.each([
    ['0', undefined],
    ['0.001', 3_600],
    ['12', 12 * 3_600_000],
  ])('replaces its key every %s hours', (hours, keyRotationMs) => {
    expect(configOf({ ...inPod, POSTERN_KEY_ROTATION_HOURS: hours }).keyRotationMs).toBe(keyRotationMs)
  })

  it.each([
    ['POSTERN_KEY_ROTATION_HOURS', '-1'],
    ['POSTERN_KEY_ROTATION_HOURS', '501'],
    ['POSTERN_KEY_ROTATION_HOURS', 'daily'],
    ['HTTPS_PROXY', 'socks5://u:pw-canary@proxy'],
    ['http_proxy', 'http://'],
  ])('names %s=%s as a problem without repeating it', (name, text) => {
    const problems = problemsOf({ ...inPod, [name]: text })
    expect(problems).toEqual([expect.stringContaining(name.toUpperCase())])
    expect(problems[0]).not.toContain('canary')
  })

  it('has an answer to any environment', () => {
    const names = ['POSTERN_URL', 'POSTERN_CREDENTIAL', 'POSTERN_LISTEN', 'POSTERN_KUBERNETES_URL', 'HOME']
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.string()), (environment) => {
        expect(['config', 'problems']).toContain(configFrom(environment, {}).kind)
      }),
    )
  })
})

describe('a variable that no setting is called', () => {
  it.each([
    ['right', inPod],
    ['wrong', { ...inPod, POSTERN_LISTEN: 'eighty' }],
  ])('is warned of where all others are %s', (_title, environment) => {
    const misspelt = { POSTERN_ENROLLMENT_TOKEN_FILE: '/run/token', POSTERN_SERVICE_HOST: '10.96.0.2' }
    expect(configFrom({ ...environment, ...misspelt }, {}).warnings).toEqual([
      'POSTERN_ENROLLMENT_TOKEN_FILE is set, and no setting has this name; did you mean POSTERN_ENROLMENT_TOKEN_FILE?',
    ])
  })

  it('is none of those that the help names', () => {
    const names = [...environmentNotes.matchAll(/^ {2}(POSTERN_\w+)/gm)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(10)
    const environment = Object.fromEntries(names.map((name) => [name, 'x']))
    expect(configFrom(environment, {}).warnings).toEqual([])
  })
})

describe('enrolment by the token of the pod', () => {
  const pod = {
    ...inPod,
    POSTERN_ENROL_METHOD: 'kubernetes',
    POSTERN_GATEWAY_ID: '7f0c3ad4-6f4f-4c59-9d7f-5b6a0e6d1a10',
    POSTERN_ENROL_TOKEN_FILE: '/var/run/postern/pod/token',
  }

  it('needs the id of the gateway and the file of the token', () => {
    expect(configOf(pod).podEnrolment).toEqual({
      gatewayId: '7f0c3ad4-6f4f-4c59-9d7f-5b6a0e6d1a10',
      tokenFile: '/var/run/postern/pod/token',
    })
    expect(configOf({ ...inPod, POSTERN_ENROL_METHOD: 'token' }).podEnrolment).toBeUndefined()
  })

  it.each([
    [{ POSTERN_GATEWAY_ID: '' }, 'POSTERN_GATEWAY_ID'],
    [{ POSTERN_GATEWAY_ID: '../secrets' }, 'POSTERN_GATEWAY_ID'],
    [{ POSTERN_ENROL_TOKEN_FILE: '' }, 'POSTERN_ENROL_TOKEN_FILE'],
    [{ POSTERN_ENROL_METHOD: '' }, 'POSTERN_ENROL_METHOD=kubernetes'],
    [{ POSTERN_ENROL_METHOD: 'aws' }, 'POSTERN_ENROL_METHOD'],
    [{ POSTERN_ENROLMENT_TOKEN: 'enrol-canary' }, 'remove what is set'],
  ])('is refused with %j', (difference, problem) => {
    expect(problemsOf({ ...pod, ...difference })).toEqual([expect.stringContaining(problem)])
  })
})
