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
  .action(async (options: { seconds: string; inFlight: string; profile?: string }) => {
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
await program.parseAsync()
