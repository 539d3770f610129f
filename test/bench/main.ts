// pnpm bench <name>: measures one thing and prints its figures as JSON on the last line.
import { Command } from 'commander'

const program = new Command('bench')
program
  .command('tunnel')
  .description('reviews through one tunnel between two processes, with a stub for the API server')
  .option('--seconds <seconds>', 'how long each figure is measured', '5')
  .option('--plain', 'without TLS')
  .action(async (options: { seconds: string; plain?: true }) => {
    const { benchTunnel } = await import('./tunnel.ts')
    await benchTunnel({ seconds: Number(options.seconds), tls: options.plain !== true })
  })
program
  .command('login')
  .description('logins in gateway mode with PostgreSQL, audit and logs on, beside direct reviews')
  .option('--seconds <seconds>', 'how long the logins are measured', '10')
  .option('--in-flight <count>', 'logins under way at once', '64')
  .option('--profile <folder>', 'write CPU profiles of control plane and gateway there')
  .option(
    '--replicas <counts>',
    'such as 1,2,3: at so many control planes, and what the hop between them costs',
  )
  .action(async (options: { seconds: string; inFlight: string; profile?: string; replicas?: string }) => {
    if (options.replicas !== undefined)
      return benchLoginAtReplicas({ ...options, replicas: options.replicas })
    const { benchLogin } = await import('./login.ts')
    const figures = await benchLogin({
      seconds: Number(options.seconds),
      inFlight: Number(options.inFlight),
      ...(options.profile === undefined ? {} : { profileFolder: options.profile }),
      say: (line) => process.stderr.write(`${line}\n`),
    })
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  })
program
  .command('api')
  .description('authenticated reads and lists of secrets on PostgreSQL, beside a bare HTTP server')
  .option('--seconds <seconds>', 'how long each figure is measured', '10')
  .option('--in-flight <count>', 'requests under way at once', '32')
  .option('--profile <folder>', 'write a CPU profile of the control plane there')
  .action(async (options: { seconds: string; inFlight: string; profile?: string }) => {
    const { benchApi } = await import('./api.ts')
    const figures = await benchApi({
      seconds: Number(options.seconds),
      inFlight: Number(options.inFlight),
      ...(options.profile === undefined ? {} : { profileFolder: options.profile }),
      say: (line) => process.stderr.write(`${line}\n`),
    })
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  })
program
  .command('presence')
  .description("what replicas say and hear of each other's tunnels")
  .option('--tunnels <count>', 'of how many tunnels', '10000')
  .action(async (options: { tunnels: string }) => {
    const { benchPresence } = await import('./presence.ts')
    process.stdout.write(`${JSON.stringify(benchPresence(Number(options.tunnels)))}\n`)
  })
program
  .command('scale')
  .description(
    'what 10,000 gateways, 1,000,000 identities and 10,000 logins a second need: the table of docs/scale.md',
  )
  .action(async () => {
    const { benchScale } = await import('./scale.ts')
    const figures = await benchScale({ say: (line) => process.stdout.write(`${line}\n`) })
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  })
await program.parseAsync()

async function benchLoginAtReplicas(options: {
  seconds: string
  inFlight: string
  replicas: string
}): Promise<void> {
  const { benchReplicas } = await import('./replicas.ts')
  const figures = await benchReplicas({
    replicas: options.replicas.split(',').map(Number),
    seconds: Number(options.seconds),
    inFlight: Number(options.inFlight),
    say: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
