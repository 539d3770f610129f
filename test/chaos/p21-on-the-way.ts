import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCertificateAuthority, type CertificateAuthority } from '@postern/testing/certificate-authority'
import { startForwardProxy, type ProxyManner } from '../../apps/gateway/src/http/test/forward-proxy.ts'
import { findFreePort } from '../processes/node-process.ts'
import { logIn } from '../processes/log-in.ts'
import type { Experiment } from './experiment.ts'
import type { Workload } from './load/login-load.ts'
import { startTlsFront } from './network/start-tls-front.ts'
import { createChaosWorld, type ChaosWorld, type WorldGateway } from './world/chaos-world.ts'
import { until } from './world/watch-output.ts'
import { createWorkFolder } from './world/work-folder.ts'

export const onTheWay: Experiment = {
  name: 'P21',
  mostlyWaits: true,
  asked:
    'through an HTTP proxy with password, behind a private CA, behind a TLS-intercepting proxy: works, or the error names hop and remedy',
  async run(_size, say) {
    await using ends = new AsyncDisposableStack()
    const stage = await setStage(ends, say)
    const cases: Case[] = []
    for (const trial of trialsOf(stage)) {
      say(trial.what)
      cases.push(await attempt(stage, trial))
    }
    return {
      measured: Object.fromEntries(cases.map(({ what, outcome, ms }) => [what, `${outcome}, ${ms} ms`])),
      ok: cases.every(({ ok }) => ok),
    }
  },
}

const password = 'gate:p%40ss word'
const worksWithinMs = 20_000

interface Stage {
  world: ChaosWorld
  gateway: WorldGateway
  workload: Workload
  /** Environments for gateways. */
  proxy: Record<'rightPassword' | 'wrongPassword' | 'interceptor', Record<string, string>>
  authorities: Record<'private' | 'interceptor', Record<string, string>>
}

interface Trial {
  what: string
  environment: Record<string, string>
  /** What its log must say; undefined: it must work. */
  says?: readonly RegExp[]
}

interface Case {
  what: string
  outcome: string
  ms: number
  ok: boolean
}

/** The control plane is behind TLS of a private authority; the gateway is enrolled already. */
async function setStage(ends: AsyncDisposableStack, say: (line: string) => void): Promise<Stage> {
  const folder = await createWorkFolder()
  ends.defer(() => folder.close())
  const [authority, interceptor] = await Promise.all([
    createCertificateAuthority('a private authority'),
    createCertificateAuthority('the interceptor'),
  ])
  const port = await findFreePort()
  const front = await openFront(ends, authority, port)
  const intercepting = await openFront(ends, interceptor, port)
  const world = await createChaosWorld({ say, front: { port, publicUrl: `https://localhost:${front.port}` } })
  ends.use(world)
  const extraFile = async (name: string, text: string): Promise<Record<string, string>> => {
    await writeFile(join(folder.path, name), text)
    return { POSTERN_EXTRA_CA_FILE: join(folder.path, name) }
  }
  const authorities = {
    private: await extraFile('private.pem', authority.certificate),
    interceptor: await extraFile('interceptor.pem', `${authority.certificate}${interceptor.certificate}`),
  }
  const gateway = await world.addGateway('on-the-way')
  const enrolled = await gateway.start({ environment: authorities.private })
  const workload = await world.addWorkload({ gatewayId: gateway.gatewayId })
  await enrolled.end()
  const credentials = `gateway:${password}`
  return {
    world,
    gateway,
    workload,
    authorities,
    proxy: {
      rightPassword: await openProxy(ends, { kind: 'forwards', credentials }, password),
      wrongPassword: await openProxy(ends, { kind: 'forwards', credentials }, 'another'),
      interceptor: await openProxy(ends, { kind: 'diverts', port: intercepting.port }, ''),
    },
  }
}

async function openFront(
  ends: AsyncDisposableStack,
  authority: CertificateAuthority,
  port: number,
): Promise<{ port: number }> {
  const front = await startTlsFront(await authority.issue(), { host: '127.0.0.1', port })
  ends.defer(() => front.close())
  return front
}

/** @returns what makes a gateway use it */
async function openProxy(
  ends: AsyncDisposableStack,
  manner: ProxyManner,
  given: string,
): Promise<Record<string, string>> {
  const proxy = await startForwardProxy(manner)
  ends.defer(() => proxy.close())
  const credentials = given === '' ? '' : `gateway:${encodeURIComponent(given)}@`
  return { HTTPS_PROXY: `http://${credentials}${proxy.address}` }
}

function trialsOf({ proxy, authorities }: Stage): Trial[] {
  return [
    { what: 'private authority', environment: authorities.private },
    {
      what: 'private authority that is not trusted',
      environment: {},
      says: [/"code":"tls"/, /POSTERN_EXTRA_CA_FILE/],
    },
    { what: 'proxy with password', environment: { ...authorities.private, ...proxy.rightPassword } },
    {
      what: 'proxy with a wrong password',
      environment: { ...authorities.private, ...proxy.wrongPassword },
      says: [/"code":"proxy"/, /wants credentials/],
    },
    {
      what: 'TLS-intercepting proxy that is not trusted',
      environment: { ...authorities.private, ...proxy.interceptor },
      says: [/"code":"tls"/, /proxy that opens TLS on the way/],
    },
    { what: 'TLS-intercepting proxy', environment: { ...authorities.interceptor, ...proxy.interceptor } },
  ]
}

async function attempt({ world, gateway, workload }: Stage, trial: Trial): Promise<Case> {
  const { what, environment, says } = trial
  const startedAt = performance.now()
  const running = await gateway.spawn({ environment })
  const holds = async (): Promise<boolean> => {
    const output = running.output()
    if (says !== undefined) return says.every((pattern) => pattern.test(output))
    return (await logIn(world.controlPlane.url, workload.identityId, workload.tokens[0] ?? '')).status === 200
  }
  const ok = (await until(holds, worksWithinMs, 100)) !== undefined
  const ms = Math.round(performance.now() - startedAt)
  const output = running.output()
  await running.end('SIGKILL')
  if (ok) return { what, outcome: says === undefined ? 'works' : 'says hop and remedy', ms, ok }
  return { what, outcome: `neither works nor says why: ${output.slice(-600)}`, ms, ok }
}
