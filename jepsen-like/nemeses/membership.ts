// `membership`: leadership handed over on request, and a node, dead or alive, removed for good with another one
// joined in its place, by the command line as an operator does it.
import { hasCommand } from '../cluster.ts'
import { bothPlaces, type Nemesis } from '../nemesis.ts'

export const MEMBERSHIP: Nemesis = {
  name: 'membership',
  summary: 'leadership is handed over; a node is removed and another joins in its place',
  arrivesWith: async () => ((await hasCommand('region', 'join')) ? null : 'region join and remove'),
  required: () => [
    { nemesis: 'membership', variant: 'transfer', leader: 'leader in' },
    ...bothPlaces('membership', 'replace'),
  ],
  inject: async ({ cluster }, { variant, leader }, nodes) => {
    const name = nodes[0] ?? ''
    if (variant === 'transfer') {
      const done = await cluster.transferLeadership()
      if (!done) return null
      const detail = `${name} hands leadership over`
      return { targets: [name], detail, heal: async () => {} }
    }
    // The leader is removed alive, another one dead: the two ways in which machines are replaced.
    if (leader === 'leader out') await cluster.node(name).daemon.kill()
    await cluster.removeNode(name)
    return {
      targets: [name],
      detail: `${name} is removed; another one joins in its place`,
      heal: () => cluster.joinInPlaceOf(name),
    }
  },
}
