// Workloads whose feature is not there yet. They are registered so that asking for one says so, and is no pass.
import { couldNotTell } from '../verdict.ts'
import type { Workload } from '../workload.ts'

function toCome(name: string, summary: string, arrivesWith: string): Workload {
  return {
    ...{ name, summary, arrivesWith },
    prepare: () => Promise.reject(new Error(`${name} arrives with ${arrivesWith}`)),
    check: () => couldNotTell(name, `arrives with ${arrivesWith}`),
  }
}

export const MACHINE_CLAIM = toCome(
  'machine-claim',
  'machines allocated and released through different regions; each is claimed by one',
  'the allocation of machines',
)
