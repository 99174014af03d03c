// A rack's view as what DNS reads.
import type { ViewChange } from '#protocol/rack.ts'
import type { RackView } from '../view.ts'
import type { ZoneFeed } from './server.ts'

const TABLES = [
  ...(['settings', 'domains', 'dnsResources', 'dnsRecords', 'dnsSubnets'] as const),
  ...(['machineBoots', 'ipAddresses', 'reservations', 'holds'] as const),
]

export function viewFeed(view: RackView): ZoneFeed {
  return ({ onWhole, onChanges }) => {
    const rows = function* (): Generator<ViewChange> {
      for (const table of TABLES) {
        for (const [key, row] of view.table(table)) yield { table, key, row } as ViewChange
      }
    }
    onWhole(view.revision, rows())
    return view.onChange((_, changes) => {
      if (changes === null) onWhole(view.revision, rows())
      else onChanges(view.revision, changes)
    })
  }
}
