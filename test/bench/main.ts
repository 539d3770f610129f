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
await program.parseAsync()
