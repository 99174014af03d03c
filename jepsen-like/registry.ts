// Every workload and nemesis by name.
import { CLOCK } from './nemeses/clock.ts'
import { DISK_FULL } from './nemeses/disk-full.ts'
import { DISK } from './nemeses/disk.ts'
import { MEMBERSHIP } from './nemeses/membership.ts'
import { PARTITION, REGION_BLACKOUT } from './nemeses/network.ts'
import { KILL, PAUSE, RACK_KILL } from './nemeses/process.ts'
import type { Nemesis } from './nemesis.ts'
import type { Workload } from './workload.ts'
import { APPEND } from './workloads/append.ts'
import { BANK } from './workloads/bank.ts'
import { DNS_COHERENT } from './workloads/dns-coherent.ts'
import { EVENT_STREAM } from './workloads/event-stream.ts'
import { LEASE_UNIQUE } from './workloads/lease-unique.ts'
import { REGISTER_WORKLOAD } from './workloads/register.ts'
import { MACHINE_CLAIM } from './workloads/machine-claim.ts'

export const WORKLOADS: readonly Workload[] = [
  REGISTER_WORKLOAD,
  APPEND,
  BANK,
  EVENT_STREAM,
  LEASE_UNIQUE,
  MACHINE_CLAIM,
  DNS_COHERENT,
]

export const NEMESES: readonly Nemesis[] = [
  KILL,
  PAUSE,
  PARTITION,
  CLOCK,
  DISK,
  DISK_FULL,
  MEMBERSHIP,
  RACK_KILL,
  REGION_BLACKOUT,
]
