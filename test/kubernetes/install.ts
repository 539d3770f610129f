// Makes the kube-apiserver and etcd that the real-cluster tests run, on Debian 12, from Debian's packages alone:
// etcd as packaged, kube-apiserver built from the source package `kubernetes`. Everything happens in a folder
// beside the cache entry and is renamed into place at the end: an interrupted run leaves nothing half-made.
import { constants } from 'node:fs'
import {
  access,
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildStep, endOfLog, runBuildCommand, type BuildCommand } from './build-step.ts'
import { buildEnvironment } from './config.ts'
import { kubernetesCacheFolder, kubernetesVersion } from './kube-apiserver-assets.ts'

const goBin = '/usr/lib/go-1.19/bin'
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Executables that the build needs, and the Debian package of each. */
const buildTools = [
  { path: `${goBin}/go`, package: 'golang-1.19-go' },
  { path: '/usr/bin/make', package: 'make' },
  { path: '/usr/bin/rsync', package: 'rsync' },
  { path: '/usr/bin/dpkg-source', package: 'dpkg-dev' },
] as const

const elsewhere =
  'Elsewhere, get the binaries with setup-envtest (`setup-envtest use -p path`) and set KUBEBUILDER_ASSETS to the folder that it prints.'

type Run = (build: BuildCommand) => Promise<string>

/** A message for the person who ran the command; anything else that is thrown is a failed build. */
class CannotInstall extends Error {}

async function install(target: string, signal: AbortSignal): Promise<void> {
  if (await existingVersion(target, signal)) {
    process.stdout.write(`Already there: kube-apiserver ${kubernetesVersion} and etcd in ${target}\n`)
    return
  }
  await checkDebian12()
  await mkdir(dirname(target), { recursive: true })
  const work = await mkdtemp(`${target}.building-`)
  const logFile = `${target}.log`
  await writeFile(logFile, '')
  const run: Run = (build) => runBuildCommand(build, logFile, signal)
  try {
    await makeAssets(work, run)
    await putInPlace(join(work, 'assets'), target)
    await rm(logFile)
    process.stdout.write(`kube-apiserver ${kubernetesVersion} and etcd are in ${target}\n`)
  } catch (error) {
    if (!(error instanceof CannotInstall) && !signal.aborted) {
      process.stderr.write(`${endOfLog(logFile)}\n(the whole log: ${logFile})\n`)
    }
    throw error
  } finally {
    await buildStep('clean up', () => rm(work, { recursive: true, force: true }))
  }
}

async function makeAssets(work: string, run: Run): Promise<void> {
  const apt = await buildStep('read the package lists', () => privateApt(work, run))
  await installBuildTools(apt, run)
  const assets = join(work, 'assets')
  await mkdir(assets)
  await buildStep('take etcd from its package', async () => {
    const unpacked = await unpackPackage('etcd-server', work, apt, run)
    await copyFile(join(unpacked, 'usr/bin/etcd'), join(assets, 'etcd'))
    await chmod(join(assets, 'etcd'), 0o755)
  })
  const source = await buildStep('unpack the source of Kubernetes', () => unpackSource(work, apt, run))
  await buildStep('build kube-apiserver (about 5 minutes)', async () => {
    const binary = await buildKubeApiServer(source, work, run)
    await copyFile(binary, join(assets, 'kube-apiserver'))
    await chmod(join(assets, 'kube-apiserver'), 0o755)
  })
  await buildStep('check what was built', async () => {
    const version = await run({ command: join(assets, 'kube-apiserver'), arguments: ['--version'] })
    if (version.trim() !== `Kubernetes v${kubernetesVersion}`)
      throw new Error(`built something else: ${version.trim()}`)
    await run({ command: join(assets, 'etcd'), arguments: ['--version'] })
  })
}

async function existingVersion(target: string, signal: AbortSignal): Promise<boolean> {
  const binary = join(target, 'kube-apiserver')
  if (!(await isExecutable(binary)) || !(await isExecutable(join(target, 'etcd')))) return false
  const version = await runBuildCommand({ command: binary, arguments: ['--version'] }, '/dev/null', signal)
  return version.trim() === `Kubernetes v${kubernetesVersion}`
}

async function checkDebian12(): Promise<void> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  if (/^ID=debian$/m.test(release) && /^VERSION_ID="12"$/m.test(release)) return
  throw new CannotInstall(
    `This builds Kubernetes from the packages of Debian 12, and this is not Debian 12. ${elsewhere}`,
  )
}

/**
 * Options that give apt package lists of its own, source packages included: the system's lists stay as they are,
 * and no root is needed to read or download. Sources are the ones that the system already uses for Debian 12.
 */
async function privateApt(work: string, run: Run): Promise<readonly string[]> {
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT)'
  const targets = await run({
    command: 'apt-get',
    arguments: ['indextargets', '--format', format, 'Created-By: Packages'],
  })
  const bookworm = [...new Set(targets.trim().split('\n'))].filter((line) =>
    /^\S+ bookworm(-updates|-security)? main$/.test(line),
  )
  if (bookworm.length === 0) throw new Error('apt knows no source of Debian 12 packages')
  const binaries = bookworm.map((line) => `deb [signed-by=${keyring}] ${line}`)
  const sources = bookworm
    .filter((line) => line.includes(' bookworm main'))
    .map((line) => `deb-src [signed-by=${keyring}] ${line}`)
  const folder = join(work, 'apt')
  await mkdir(join(folder, 'lists/partial'), { recursive: true })
  await mkdir(join(folder, 'archives/partial'), { recursive: true })
  await writeFile(join(folder, 'sources.list'), `${[...binaries, ...sources].join('\n')}\n`)
  const options = [
    `Dir::Etc::SourceList=${folder}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::Lists=${folder}/lists`,
    `Dir::Cache=${folder}`,
    // apt downloads as user _apt, who cannot write below a home folder.
    'APT::Sandbox::User=root',
    'Acquire::Retries=3',
  ].flatMap((option) => ['-o', option])
  await run({ command: 'apt-get', arguments: [...options, 'update', '--error-on=any'] })
  return options
}

async function installBuildTools(apt: readonly string[], run: Run): Promise<void> {
  const present = await Promise.all(buildTools.map((tool) => isExecutable(tool.path)))
  const packages = buildTools.filter((_, index) => !present[index]).map((tool) => tool.package)
  if (packages.length === 0) return
  if (process.getuid?.() !== 0) {
    throw new CannotInstall(
      `Packages are missing that only root can install. Run this, then the command again:\n  sudo apt-get install --no-install-recommends ${packages.join(' ')}\n${elsewhere}`,
    )
  }
  await buildStep(`install ${packages.join(', ')}`, () =>
    run({
      command: 'apt-get',
      arguments: [...apt, 'install', '--yes', '--quiet', '--no-install-recommends', ...packages],
      environment: buildEnvironment(goBin, { DEBIAN_FRONTEND: 'noninteractive' }),
    }),
  )
}

/** Downloads a package and unpacks its files without installing it: a packaged etcd would start as a daemon. */
async function unpackPackage(name: string, work: string, apt: readonly string[], run: Run): Promise<string> {
  const folder = join(work, name)
  await mkdir(folder)
  await run({ command: 'apt-get', arguments: [...apt, 'download', name], folder })
  const file = (await readdir(folder)).find((entry) => entry.endsWith('.deb'))
  if (file === undefined) throw new Error(`apt downloaded nothing for ${name}`)
  await run({ command: 'dpkg-deb', arguments: ['--extract', file, 'unpacked'], folder })
  return join(folder, 'unpacked')
}

async function unpackSource(work: string, apt: readonly string[], run: Run): Promise<string> {
  const folder = join(work, 'source')
  await mkdir(folder)
  await run({ command: 'apt-get', arguments: [...apt, 'source', '--download-only', 'kubernetes'], folder })
  const description = (await readdir(folder)).find((entry) => entry.endsWith('.dsc'))
  if (description === undefined || !description.includes(kubernetesVersion)) {
    throw new Error(`the source package is not of Kubernetes ${kubernetesVersion}: ${description ?? 'none'}`)
  }
  await run({ command: 'dpkg-source', arguments: ['--extract', description, 'kubernetes'], folder })
  // The vendored reflect2 walks the runtime's type tables, whose layout changed in Go 1.18: with it the built
  // server panics on every POST.
  const unpacked = await unpackPackage('golang-github-modern-go-reflect2-dev', work, apt, run)
  const vendored = join(folder, 'kubernetes/vendor/github.com/modern-go/reflect2')
  await rm(vendored, { recursive: true })
  await cp(join(unpacked, 'usr/share/gocode/src/github.com/modern-go/reflect2'), vendored, {
    recursive: true,
  })
  return join(folder, 'kubernetes')
}

async function buildKubeApiServer(source: string, work: string, run: Run): Promise<string> {
  const goPath = join(work, 'go')
  const tree = join(goPath, 'src/k8s.io/kubernetes')
  await mkdir(dirname(tree), { recursive: true })
  await symlink(source, tree)
  await run({
    command: 'make',
    arguments: ['WHAT=cmd/kube-apiserver'],
    folder: tree,
    environment: buildEnvironment(goBin, {
      PWD: tree,
      GOPATH: goPath,
      GOCACHE: join(work, 'go-cache'),
      GO111MODULE: 'off',
      GOTOOLCHAIN: 'local',
      KUBE_GIT_VERSION: `v${kubernetesVersion}`,
    }),
  })
  return join(source, '_output/bin/kube-apiserver')
}

async function putInPlace(assets: string, target: string): Promise<void> {
  // What stands there now failed the check at the start; a run beside this one may have replaced it meanwhile,
  // with the same content.
  await rm(target, { recursive: true, force: true })
  await rename(assets, target)
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => interrupted.abort(new CannotInstall(`stopped by ${name}`)))

try {
  await install(kubernetesCacheFolder(), interrupted.signal)
} catch (error) {
  process.stderr.write(`kubernetes:install: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
