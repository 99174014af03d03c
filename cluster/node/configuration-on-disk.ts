// Who belongs to the cluster as far as the disk knows that it is committed. After a power loss the state is
// applied anew from the log, and only once the node takes part; whom it must ask before that are the members
// of today, not those that it began with and that may be gone for good.
import type { ConfigurationAt } from '#protocol/peer.ts'
import { decodeConfiguration } from '#raft/membership.ts'
import type { Stores } from './open-stores.ts'

const PAGE_BYTES = 1 << 20

/** Reads what is to be applied again once: seconds at most, and no more than applying it will take. */
export function configurationOnDisk(
  stores: Pick<Stores, 'log' | 'state' | 'configuration'>,
): ConfigurationAt {
  const { log, state } = stores
  let found: ConfigurationAt = { index: state.revision, configuration: stores.configuration }
  const last = Math.min(log.hardState().commitIndex, log.reader.lastIndex())
  for (let from = state.revision + 1; from <= last; ) {
    const page = log.reader.entries(from, last + 1, PAGE_BYTES)
    for (const { index, kind, data } of page) {
      if (kind === 'configuration') found = { index, configuration: decodeConfiguration(data) }
    }
    from += page.length
  }
  return found
}
