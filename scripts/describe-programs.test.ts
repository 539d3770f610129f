import { expect, it } from 'vitest'
import { describePrograms, type ProgramsHere } from './describe-programs.ts'

const everything: ProgramsHere = {
  databaseUrl: undefined,
  kubernetes: { kubeApiServer: '/opt/kube-apiserver', etcd: '/opt/etcd' },
  replicas: { nginx: '/usr/sbin/nginx', natsServer: '/usr/sbin/nats-server' },
  isRoot: true,
}
const nothing: ProgramsHere = {
  databaseUrl: undefined,
  kubernetes: { missing: 'no kube-apiserver; run: pnpm kubernetes:install' },
  replicas: { missing: 'sudo apt-get install nginx' },
  isRoot: false,
}
const all = ['unit', 'integration', 'kubernetes', 'compatibility']

it('says of every program that is missing what was not run, and the command that makes it run', () => {
  const text = describePrograms(all, nothing).join('\n')
  expect(text.match(/Not run: /g)).toHaveLength(3)
  for (const remedy of [
    'pnpm kubernetes:install',
    'sudo apt-get install nginx',
    'sudo pnpm test postgres-account',
  ])
    expect(text).toContain(remedy)
})

it('says that nothing is missing where everything is there', () => {
  const text = describePrograms(all, everything).join('\n')
  expect(text).not.toContain('Not run')
  for (const path of ['/opt/kube-apiserver', '/usr/sbin/nats-server', '/usr/sbin/nginx'])
    expect(text).toContain(path)
})

it('claims of no program that it was started: which tests ran is the choice of the caller', () => {
  expect(describePrograms(['kubernetes'], everything)).toContain(
    'Kubernetes: the stand-in, and a real API server for the tests that start one (/opt/kube-apiserver)',
  )
})

it.each([
  [['unit'], []],
  [['integration'], ['PostgreSQL', 'Several replicas', 'PostgreSQL as root']],
  [['kubernetes'], ['PostgreSQL', 'Kubernetes', 'Several replicas']],
  [['compatibility'], ['PostgreSQL']],
])('speaks for the projects %j of what their tests can use: %j', (projects, subjects) => {
  expect(describePrograms(projects, nothing).map((line) => line.split(':')[0])).toEqual(subjects)
})

it('names the server that the caller chose', () => {
  expect(
    describePrograms(['integration'], { ...everything, databaseUrl: 'postgres://me:canary@host' }),
  ).toEqual([
    'PostgreSQL: the server of POSTERN_TEST_DATABASE_URL',
    'Several replicas: nats-server and nginx are installed (/usr/sbin/nats-server, /usr/sbin/nginx)',
  ])
})
