import { Command } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import type { GatewayFlags } from './config.ts'

export const gatewayVersion: string = packageJson.version

export const environmentNotes = `
Environment (a flag wins over its variable):
  POSTERN_URL                     the control plane, as in https://postern.example.com
  POSTERN_ENROLMENT_TOKEN         single-use token of the first start; later starts need none
  POSTERN_ENROLMENT_TOKEN_FILE    the same, in a file
  POSTERN_ENROL_METHOD            token (default), or kubernetes: by the pod's own token
  POSTERN_GATEWAY_ID              for kubernetes: the gateway's id
  POSTERN_ENROL_TOKEN_FILE        for kubernetes: the pod's projected token
  POSTERN_CREDENTIAL              secret:<name> or file:<absolute path>
                                  (default in a pod: secret:postern-gateway)
  POSTERN_KUBERNETES_URL          the API server, where KUBERNETES_SERVICE_HOST is not set
  POSTERN_SERVICE_ACCOUNT_FOLDER  holds token, ca.crt and namespace
  POSTERN_LISTEN                  address of /livez, /readyz, /metrics (default :8080)
  POSTERN_LOG_LEVEL               trace, debug, info, warn, error, fatal or silent
  POSTERN_EXTRA_CA_FILE           PEM bundle trusted for the control plane beside the system's
  POSTERN_KEY_ROTATION_HOURS      how often the gateway replaces its key (default 24; 0: never)
  POSTERN_ALLOWED_KUBERNETES_HOSTS
                                  host:port, … that the control plane may reach through this
                                  gateway (default: the API server)
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY   how to reach the control plane`

/** Reads the flags. `--help`, `--version` and unknown flags throw commander's `CommanderError`, printed already. */
export function parseCommandLine(userArguments: readonly string[]): GatewayFlags {
  const command = new Command('postern-gateway')
    .description('Reviews tokens in this cluster for a Postern control plane, which it dials itself.')
    .version(gatewayVersion)
    .option('--url <url>', 'control plane')
    .option('--enrolment-token-file <path>', 'file with the single-use enrolment token')
    .option('--enrol-method <method>', "token, or kubernetes: by the pod's own token")
    .option('--gateway-id <id>', "for kubernetes: the gateway's id")
    .option('--enrol-token-file <path>', "for kubernetes: the pod's projected token")
    .option('--credential <place>', 'secret:<name> or file:<absolute path>')
    .option('--kubernetes-url <url>', 'API server')
    .option('--service-account-folder <path>', 'folder with token, ca.crt and namespace')
    .option('--listen <address>', 'address of the health endpoints')
    .option('--log-level <level>', 'how much is logged')
    .option('--extra-ca-file <path>', "PEM bundle trusted beside the system's")
    .option('--key-rotation-hours <hours>', 'how often the key is replaced')
    .option('--allowed-kubernetes-hosts <hosts>', 'host:port, … that may be reached through it')
    .allowExcessArguments(false)
    .addHelpText('after', environmentNotes)
    .exitOverride()
  return command.parse(userArguments, { from: 'user' }).opts<GatewayFlags>()
}
