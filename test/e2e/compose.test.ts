import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configFrom } from '../../apps/control-plane/src/config.ts'
import { findReplicaPrograms } from '../processes/installed-programs.ts'
import { nginxCommand, prepareNginxFolder } from '../processes/nginx-process.ts'

const run = promisify(execFile)
const composeFolder = fileURLToPath(new URL('../../deploy/compose/', import.meta.url))
const programs = findReplicaPrograms()

interface Service {
  environment?: Record<string, string>
  depends_on?: Record<string, unknown>
  networks?: string[] | Record<string, { ipv4_address: string }>
  build?: { dockerfile: string; target: string }
}

describe('deploy/compose', () => {
  let folder: string
  let services: Record<string, Service>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-compose-'))
    await copyFile(join(composeFolder, 'prepare.sh'), join(folder, 'prepare.sh'))
    await run(join(folder, 'prepare.sh'), ['https://postern.example.com'])
    services = readServices(
      await readFile(join(composeFolder, 'compose.yaml'), 'utf8'),
      await readFile(join(folder, '.env'), 'utf8'),
    )
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('keeps the secrets that it has made once', async () => {
    const before = await readFile(join(folder, '.env'), 'utf8')
    await run(join(folder, 'prepare.sh'), ['https://elsewhere.example.com'])
    expect(await readFile(join(folder, '.env'), 'utf8')).toBe(before)
    await expect(run(join(folder, 'prepare.sh'), ['http://postern.example.com'])).rejects.toThrow('https')
  })

  it('gives each control plane settings that it starts with, and a name and an address of its own', () => {
    const replicas = Object.entries(services).filter(([name]) => name.startsWith('control-plane'))
    expect(replicas).toHaveLength(3)
    const configs = replicas.map(([, { environment = {} }]) =>
      configFrom(
        {
          variables: environment,
          homeFolder: '/home/node',
          hostName: 'container',
          isRoot: false,
          randomEnding: 'x',
        },
        {},
      ),
    )
    for (const outcome of configs) expect(outcome).toMatchObject({ ok: true, warnings: [] })
    for (const name of ['POSTERN_REPLICA_ID', 'POSTERN_REPLICA_ADDRESS'])
      expect(new Set(replicas.map(([, { environment }]) => environment?.[name])).size).toBe(3)
  })

  it('sends nginx to the addresses that the control planes have, and has them trust nginx alone', () => {
    const { nginx } = services
    const addressOf = (service?: Service): string | undefined =>
      Array.isArray(service?.networks) ? undefined : service?.networks?.['postern']?.ipv4_address
    for (const number of [1, 2, 3]) {
      const replica = services[`control-plane-${number}`]
      expect(nginx?.environment?.[`POSTERN_REPLICA_${number}`]).toBe(`${addressOf(replica)}:8080`)
      expect(replica?.environment?.['POSTERN_TRUSTED_PROXIES']).toBe(`${addressOf(nginx)}/32`)
    }
  })

  it.skipIf('missing' in programs)('has settings that nginx takes', async () => {
    const place = join(folder, 'nginx')
    // Here standard output is a socket, which cannot be opened by its name.
    const accessLog = { POSTERN_NGINX_ACCESS_LOG: join(place, 'access.log') }
    await prepareNginxFolder(place, { ...services['nginx']?.environment, ...accessLog })
    const tls = await readFile(join(composeFolder, 'nginx', 'tls.conf'), 'utf8')
    await writeFile(
      join(place, 'conf.d', 'tls.conf'),
      tls
        .replace('/run/secrets/tls-certificate', join(folder, 'tls', 'certificate.pem'))
        .replace('/run/secrets/tls-key', join(folder, 'tls', 'key.pem')),
    )
    const [command = '', ...args] = nginxCommand(place, '')
    const { stderr } = await run(command, [...args, '-t'])
    expect(stderr).toContain('test is successful')
    expect(stderr).not.toContain('[warn]')
  })

  it.skipIf('missing' in programs)('has settings that nats-server takes, for each node', async () => {
    if ('missing' in programs) return
    for (const name of ['nats-1', 'nats-2', 'nats-3']) {
      const { stderr } = await run(
        programs.natsServer,
        ['--config', join(composeFolder, 'nats.conf'), '-t'],
        { env: services[name]?.environment },
      )
      expect(stderr).toContain('is valid')
    }
  })
})

/** Compose's `${NAME}` and `${NAME:?message}`, filled in from `.env`. */
function readServices(compose: string, dotEnv: string): Record<string, Service> {
  const words = new Map(
    dotEnv
      .trim()
      .split('\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const filledIn = compose.replaceAll(/\$\{([A-Z_]+)(:\?[^}]*)?\}/g, (_whole, name: string) => {
    const word = words.get(name)
    if (word === undefined) throw new Error(`prepare.sh does not make ${name}`)
    return word
  })
  return (parse(filledIn, { merge: true }) as { services: Record<string, Service> }).services
}
