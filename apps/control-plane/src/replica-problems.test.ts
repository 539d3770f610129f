import { randomBytes } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { type Config, configFrom } from './config.ts'

const shared = {
  DATABASE_URL: 'postgresql://db/postern',
  POSTERN_ROOT_KEY: randomBytes(32).toString('base64'),
}

function outcomeOf(variables: Record<string, string>): Config | string[] {
  const environment = { hostName: 'h', homeFolder: '/h', isRoot: false, randomEnding: 'a' }
  const outcome = configFrom({ ...environment, variables })
  return outcome.ok ? outcome.config : outcome.problems
}

describe('the settings for several replicas', () => {
  it('are read', () => {
    expect(
      outcomeOf({
        ...shared,
        POSTERN_NATS_URL: 'tls://nats-1.example.com, nats://10.0.0.1:4333 ,nats://[::1]:4444',
        POSTERN_NATS_USER: 'postern',
        POSTERN_NATS_PASSWORD_FILE: '/run/password',
        POSTERN_NATS_CA_FILE: '/run/ca.pem',
        POSTERN_NATS_CERT_FILE: '/run/cert.pem',
        POSTERN_NATS_KEY_FILE: '/run/key.pem',
        POSTERN_REPLICA_LISTEN: '0.0.0.0:8090',
        POSTERN_REPLICA_ADDRESS: 'postern-0:8090',
      }),
    ).toMatchObject({
      natsServers: [
        { host: 'nats-1.example.com', port: 4222, isTls: true },
        { host: '10.0.0.1', port: 4333, isTls: false },
        { host: '::1', port: 4444, isTls: false },
      ],
      natsUser: 'postern',
      natsPasswordFile: '/run/password',
      natsCaFile: '/run/ca.pem',
      natsCertFile: '/run/cert.pem',
      natsKeyFile: '/run/key.pem',
      replicaListen: { host: '0.0.0.0', port: 8090 },
      replicaAddress: { host: 'postern-0', port: 8090 },
    })
  })

  it('may all be absent', () => {
    expect(outcomeOf({})).toMatchObject({ natsServers: undefined, replicaListen: undefined })
  })

  it('say that others dial what this replica listens on, where nothing else is said', () => {
    expect(
      outcomeOf({ ...shared, POSTERN_NATS_URL: 'nats://n', POSTERN_REPLICA_LISTEN: '10.0.0.7:8090' }),
    ).toMatchObject({ replicaAddress: { host: '10.0.0.7', port: 8090 } })
  })

  it.each([
    'nats-1:4222',
    'http://nats-1',
    'nats://',
    'nats://a,,nats://b',
    'nats://ann:canary@nats-1:4222',
    'nats://a:0',
    'nats://a:99999',
    'nats://a/b',
    'nats://a b',
  ])('refuse %j as a URL of NATS, without repeating it', (url) => {
    const problems = outcomeOf({ ...shared, POSTERN_NATS_URL: url })
    expect(problems).toEqual([expect.stringMatching(/^POSTERN_NATS_URL must be URLs/)])
    expect(JSON.stringify(problems)).not.toContain('canary')
  })

  const nats = { ...shared, POSTERN_NATS_URL: 'nats://n' }
  it.each<[string, Record<string, string>, RegExp]>([
    ['NATS with the embedded PostgreSQL', { POSTERN_NATS_URL: 'nats://n' }, /DATABASE_URL/],
    [
      'a user of no NATS',
      { POSTERN_NATS_USER: 'u', POSTERN_NATS_PASSWORD: 'p' },
      /POSTERN_NATS_URL is missing/,
    ],
    ['a user without password', { ...nats, POSTERN_NATS_USER: 'u' }, /POSTERN_NATS_PASSWORD/],
    ['a password without user', { ...nats, POSTERN_NATS_PASSWORD: 'p' }, /POSTERN_NATS_USER/],
    [
      'two passwords',
      { ...nats, POSTERN_NATS_USER: 'u', POSTERN_NATS_PASSWORD: 'p', POSTERN_NATS_PASSWORD_FILE: '/f' },
      /choose one/,
    ],
    [
      'two ways to show who it is',
      { ...nats, POSTERN_NATS_USER: 'u', POSTERN_NATS_PASSWORD: 'p', POSTERN_NATS_CREDENTIALS_FILE: '/f' },
      /choose one/,
    ],
    ['a certificate without its key', { ...nats, POSTERN_NATS_CERT_FILE: '/c' }, /POSTERN_NATS_KEY_FILE/],
    [
      'a key of no NATS',
      { POSTERN_NATS_CERT_FILE: '/c', POSTERN_NATS_KEY_FILE: '/k' },
      /POSTERN_NATS_URL is/,
    ],
    ['a listener for no other', { ...shared, POSTERN_REPLICA_LISTEN: '10.0.0.1:1' }, /POSTERN_NATS_URL is/],
    [
      'an address of no listener',
      { ...nats, POSTERN_REPLICA_ADDRESS: '10.0.0.1:1' },
      /POSTERN_REPLICA_LISTEN/,
    ],
    [
      'a listener that nobody can dial',
      { ...nats, POSTERN_REPLICA_LISTEN: '0.0.0.0:8090' },
      /POSTERN_REPLICA_ADDRESS is required/,
    ],
  ])('refuse %s', (_name, variables, problem) => {
    expect(outcomeOf(variables)).toEqual([expect.stringMatching(problem)])
  })
})
