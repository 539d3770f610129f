import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** CPU time that a process has used so far, user and system, in microseconds. Linux only: proc(5), /proc/<pid>/stat. */
export function readProcessCpuMicros(pid: number): number {
  const fields = readStat(pid)
  const ticks = Number(fields[11]) + Number(fields[12])
  return (ticks / ticksPerSecond) * 1_000_000
}

/** The same of a process with its children, those included that have ended. */
export function readProcessesCpuMicros(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  const living = [pid, ...children.map(Number)]
  return living.reduce((sum, one) => sum + readProcessCpuMicros(one), readEndedChildrenCpuMicros(pid))
}

function readEndedChildrenCpuMicros(pid: number): number {
  const fields = readStat(pid)
  return ((Number(fields[13]) + Number(fields[14])) / ticksPerSecond) * 1_000_000
}

/** The process that started it. */
export function readParent(pid: number): number {
  return Number(readStat(pid)[1])
}

/** From the state on. */
function readStat(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses and may hold spaces: count from behind it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** What all processors were not idle, and what the machine's owner gave to others (steal), in microseconds: proc(5), /proc/stat. */
export function readMachineCpuMicros(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/ +/)
    .slice(1)
    .map(Number)
  return ((user + nice + system + irq + softirq + steal) / ticksPerSecond) * 1_000_000
}

/**
 * Of one of so many calls, whoever worked for it: callers, API server and database too. The machine does no more calls a
 * second than its processors have of that time.
 */
export function shareMachineCpu(busyMicros: number, calls: number): MachineShare {
  const machineCpuMicros = Math.round(busyMicros / calls)
  return {
    machineCpuMicros,
    machineCallsPerSecondMax: Math.round((availableParallelism() * 1_000_000) / machineCpuMicros),
  }
}

export interface MachineShare {
  machineCpuMicros: number
  machineCallsPerSecondMax: number
}
