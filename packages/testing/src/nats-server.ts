import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

export interface NatsServerOptions {
  /** By default one that the system chooses. */
  port?: number
  /** Lines of nats-server's configuration file, such as `authorization {…}`. */
  configuration?: readonly string[]
  tls?: { certificate: string; privateKey: string; ca: string; verifiesClients?: boolean }
  cluster?: { port: number; otherPorts: readonly number[] }
}

/** A real nats-server on the loopback address. It ends by `stop()`, and when this process ends. */
export interface NatsServer {
  /** `nats://127.0.0.1:port`, or `tls://localhost:port`. */
  readonly url: string
  readonly port: number
  processId(): number | undefined
  /** SIGKILL; the port stays its own. Resolves when it is gone. */
  kill(): Promise<void>
  /** SIGSTOP: the port stays open, and nothing answers. */
  pause(): void
  resume(): void
  /** It tells its clients to go, and stops a few seconds later. */
  enterLameDuckMode(): void
  /** After `kill()`: the same configuration on the same port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export const natsServerInstall = 'apt-get install -y --no-install-recommends nats-server'

/** Undefined where it is not installed; `natsServerInstall` is the remedy. */
export function findNatsServer(path: string | undefined): string | undefined {
  const folders = [...(path ?? '').split(delimiter), '/usr/sbin'].filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, 'nats-server')).find(isExecutable)
}

/** @throws if nats-server is not installed */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const command = findNatsServer(process.env['PATH'])
  if (command === undefined) throw new Error(`nats-server is not installed: ${natsServerInstall}`)
  const [port = 0] = options.port === undefined ? await freePorts(1) : [options.port]
  const folder = mkdtempSync(join(tmpdir(), 'postern-nats-'))
  const file = join(folder, 'nats.conf')
  writeFileSync(file, configurationOf(options, port, folder).join('\n'), { mode: 0o600 })
  let child = await start(command, file)
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return {
    url: options.tls === undefined ? `nats://127.0.0.1:${port}` : `tls://localhost:${port}`,
    port,
    processId: () => child.pid,
    kill,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    enterLameDuckMode: () => void child.kill('SIGUSR2'),
    restart: async () => {
      child = await start(command, file)
    },
    stop: async () => {
      process.off('exit', killAtExit)
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Servers of one cluster; each client may use any. */
export async function startNatsCluster(
  size: number,
  options: Omit<NatsServerOptions, 'port' | 'cluster'> = {},
): Promise<NatsServer[]> {
  const ports = await freePorts(size)
  return Promise.all(
    ports.map((port) =>
      startNatsServer({
        ...options,
        cluster: { port, otherPorts: ports.filter((other) => other !== port) },
      }),
    ),
  )
}

/** Held together until all are known, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function configurationOf(options: NatsServerOptions, port: number, folder: string): string[] {
  const { configuration = [], tls, cluster } = options
  const lines = [
    'host: 127.0.0.1',
    `port: ${port}`,
    'lame_duck_grace_period: "1s"',
    'lame_duck_duration: "30s"',
    ...configuration,
  ]
  if (tls !== undefined) {
    const files = { cert_file: tls.certificate, key_file: tls.privateKey, ca_file: tls.ca }
    lines.push('tls {', `  verify: ${tls.verifiesClients === true}`)
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, `${name}.pem`)
      writeFileSync(path, text, { mode: 0o600 })
      lines.push(`  ${name}: "${path}"`)
    }
    lines.push('}')
  }
  if (cluster !== undefined) {
    const routes = cluster.otherPorts.map((other) => `nats-route://127.0.0.1:${other}`)
    lines.push(
      `cluster { name: test, host: 127.0.0.1, port: ${cluster.port}, routes: [${routes.join(', ')}] }`,
    )
  }
  return lines
}

async function start(command: string, file: string): Promise<ChildProcess> {
  const child = spawn(command, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines: string[] = []
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (lines.length < 50) lines.push(line)
      if (line.includes('Server is ready')) resolve()
    })
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error(`nats-server ended at its start:\n${lines.join('\n')}`)
  })
  await Promise.race([ready, ended])
  // It may well end later: by kill().
  ended.catch(() => undefined)
  return child
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
