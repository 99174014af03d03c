// No two DHCP clients believe at the same true time that an address is theirs, by their own clocks, which may be
// wrong by ε: from the answer on for as long as option 51 says. This is the property that racks must keep too.
import type { MakeChecker } from '../checker.ts'

/** The slowest clock that a client may have (lease-protocol A3). */
const SLOWEST = 0.9

type Belief = { readonly client: string; readonly untilUs: number }

export const uniqueLease: MakeChecker = ({ fail }) => {
  const beliefs = new Map<number, Belief>()
  return {
    name: 'unique-lease',
    onOperation: ({ id, request, endedUs, ended }) => {
      if (request.kind !== 'write' || ended.result !== 'ok') return
      const { command } = request
      if (command.type !== 'lease.bind') return
      const { ip, leaseSeconds } = ended.value as { ip: number; leaseSeconds: number }
      const before = beliefs.get(ip)
      if (before !== undefined && before.client !== command.client && before.untilUs > endedUs) {
        const leftMs = Math.ceil((before.untilUs - endedUs) / 1_000)
        fail(
          `${id}: ${command.client} gets ${ip}, which ${before.client} uses for ${leftMs} ms more`,
        )
      }
      const untilUs = endedUs + (leaseSeconds * 1_000_000) / SLOWEST
      const isLonger = before?.client !== command.client || untilUs > before.untilUs
      if (isLonger) beliefs.set(ip, { client: command.client, untilUs })
    },
  }
}
