import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leashed, requireReplicaPrograms } from './installed-programs.ts'
import { startProcess, waitUntilReady, type NodeProcess } from './node-process.ts'

export interface NginxProcess extends NodeProcess {
  readonly url: string
  /** What it has written to its access log. */
  requests(): Promise<ProxiedRequest[]>
}

/** A line of `log_format upstreams` in deploy/compose/nginx/nginx.conf. */
export interface ProxiedRequest {
  uri: string
  method: string
  status: string
  /** Whom it was sent to, in turn: `127.0.0.1:1, 127.0.0.1:2`. */
  upstreams: string
  upstreamStatuses: string
  /** Seconds; `-` where there was no connection. */
  connectSeconds: string
  requestId: string
}

export interface NginxOptions {
  /** Takes its settings and logs. */
  folder: string
  port: number
  /** Of the three control planes: `127.0.0.1:8080`. */
  replicas: readonly string[]
}

const composeFolder = fileURLToPath(new URL('../../deploy/compose/nginx/', import.meta.url))

/** nginx by the very files of deploy/compose, but without TLS. */
export async function startNginx({ folder, port, replicas }: NginxOptions): Promise<NginxProcess> {
  const accessLog = join(folder, 'access.log')
  await prepareNginxFolder(folder, {
    POSTERN_NGINX_LISTEN: `127.0.0.1:${port}`,
    POSTERN_NGINX_ACCESS_LOG: accessLog,
    ...Object.fromEntries(replicas.map((address, index) => [`POSTERN_REPLICA_${index + 1}`, address])),
  })
  const started = startProcess(leashed(nginxCommand(folder, 'daemon off;')), {})
  const url = `http://127.0.0.1:${port}`
  try {
    await waitUntilReady(started, `${url}/livez`)
  } catch (error) {
    await started.end('SIGKILL')
    throw error
  }
  return {
    ...started,
    url,
    async requests() {
      const lines = await readFile(accessLog, 'utf8')
      return lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as ProxiedRequest)
    },
  }
}

/** The folder that the image has at /etc/nginx: the template filled in as the image's envsubst does. */
export async function prepareNginxFolder(folder: string, words: Record<string, string>): Promise<void> {
  await mkdir(join(folder, 'conf.d'), { recursive: true })
  await copyFile(join(composeFolder, 'nginx.conf'), join(folder, 'nginx.conf'))
  const template = await readFile(join(composeFolder, 'default.conf.template'), 'utf8')
  const filledIn = template.replaceAll(/\$\{([A-Z_\d]+)\}/g, (whole, word: string) => words[word] ?? whole)
  await writeFile(join(folder, 'conf.d', 'default.conf'), filledIn)
}

/** @param settings beside those of its file */
export function nginxCommand(folder: string, settings: string): readonly string[] {
  const { nginx } = requireReplicaPrograms()
  // As root it would give its work to an account that cannot enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const own = `${user} pid ${folder}/nginx.pid; ${settings}`
  return [nginx, '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr', '-g', own]
}
