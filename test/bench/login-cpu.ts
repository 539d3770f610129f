import { runStatement } from '../../apps/control-plane/src/database/test/run-statement.ts'
import {
  type MachineShare,
  readMachineCpuMicros,
  readParent,
  readProcessCpuMicros,
  readProcessesCpuMicros,
  shareMachineCpu,
} from './process-cpu.ts'

/** Process ids of those that work for a login, beside this process, which sends it. */
export interface LoginParts {
  controlPlane: number
  gateway: number
  apiServer: number
  postgres: number
}

/** CPU of one login, in microseconds. */
export interface LoginCpu extends MachineShare {
  controlPlaneCpuMicros: number
  gatewayCpuMicros: number
  callersCpuMicros: number
  apiServerCpuMicros: number
  postgresCpuMicros: number
}

/** Measures from now until what it returns is called. */
export function measureLoginCpu(parts: LoginParts): (logins: number) => LoginCpu {
  const before = readAll(parts)
  return (logins) => {
    const after = readAll(parts)
    const each = (part: keyof typeof after): number => Math.round((after[part] - before[part]) / logins)
    return {
      controlPlaneCpuMicros: each('controlPlane'),
      gatewayCpuMicros: each('gateway'),
      callersCpuMicros: each('callers'),
      apiServerCpuMicros: each('apiServer'),
      postgresCpuMicros: each('postgres'),
      ...shareMachineCpu(after.machine - before.machine, logins),
    }
  }
}

/** Of the process whose children serve the connections. */
export async function findPostgresPid(url: string): Promise<number> {
  const [row] = await runStatement(
    url,
    "select pid from pg_stat_activity where backend_type = 'checkpointer'",
  )
  return readParent(Number(row?.['pid']))
}

function readAll({
  controlPlane,
  gateway,
  apiServer,
  postgres,
}: LoginParts): Record<keyof LoginParts | 'callers' | 'machine', number> {
  return {
    controlPlane: readProcessCpuMicros(controlPlane),
    gateway: readProcessCpuMicros(gateway),
    apiServer: readProcessCpuMicros(apiServer),
    postgres: readProcessesCpuMicros(postgres),
    callers: readProcessCpuMicros(process.pid),
    machine: readMachineCpuMicros(),
  }
}
