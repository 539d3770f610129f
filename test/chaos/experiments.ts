import type { Experiment } from './experiment.ts'
import { natsNodeKilled } from './nats-node-killed.ts'
import { natsRestarted } from './nats-restarted.ts'
import { vanishedPeer } from './p1-vanished-peer.ts'
import { silentReviewer } from './p2-silent-reviewer.ts'
import { blackHole } from './p3-black-hole.ts'
import { replicasRestart } from './p4-replicas-restart.ts'
import { rollingRestart } from './p5-rolling-restart.ts'
import { replicaKilled } from './p6-replica-killed.ts'
import { tunnelsKnown } from './p7-tunnels-known.ts'
import { storm } from './p8-storm.ts'
import { idleMemory } from './p10-idle-memory.ts'
import { idleProcessorTime } from './p11-idle-processor-time.ts'
import { streamBesideLogins } from './p13-stream-beside-logins.ts'
import { stalledStreams } from './p14-stalled-streams.ts'
import { oneStream } from './p15-one-stream.ts'
import { twinInstances } from './p16-twin-instances.ts'
import { nothingStays } from './p18-nothing-stays.ts'
import { hostileFrames } from './p20-hostile-frames.ts'
import { onTheWay } from './p21-on-the-way.ts'
import { loadBalancer } from './p22-load-balancer.ts'
import { wrongClocks } from './p23-wrong-clocks.ts'
import { rotations } from './p24-rotations.ts'
import { otherVersions } from './p25-other-versions.ts'
import { misdirectedVerdicts } from './p27-misdirected-verdicts.ts'
import { postgresRestarted } from './postgres-restarted.ts'
import { junkLogins } from './t26-junk-logins.ts'

/** Every experiment, in the order in which `--all` runs them: a new one is a file `p3-black-hole.ts` and a line here. */
export const experiments: readonly Experiment[] = [
  vanishedPeer,
  silentReviewer,
  blackHole,
  replicasRestart,
  rollingRestart,
  replicaKilled,
  tunnelsKnown,
  storm,
  idleMemory,
  idleProcessorTime,
  streamBesideLogins,
  stalledStreams,
  oneStream,
  twinInstances,
  nothingStays,
  hostileFrames,
  onTheWay,
  loadBalancer,
  wrongClocks,
  rotations,
  otherVersions,
  misdirectedVerdicts,
  junkLogins,
  natsNodeKilled,
  natsRestarted,
  postgresRestarted,
]
