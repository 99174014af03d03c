// `partition` and `region-blackout`: links that carry nothing for a while, in the user-space proxies.
import { between, CLIENT, type Link, partition, type PartitionShape } from '../network.ts'
import { bothPlaces, type Nemesis } from '../nemesis.ts'

export const PARTITION: Nemesis = {
  name: 'partition',
  summary: 'cuts between regions: one, halves, ring, bridge, asymmetric; clients reach them all',
  required: () => [
    ...bothPlaces('partition', 'one'),
    ...bothPlaces('partition', 'halves'),
    { nemesis: 'partition', variant: 'ring', leader: 'leader in' },
    ...bothPlaces('partition', 'bridge'),
    ...bothPlaces('partition', 'asymmetric'),
  ],
  inject: async ({ cluster }, { variant }, nodes) => {
    const { links, targets } = partition(variant as PartitionShape, nodes)
    cluster.network.block(links)
    return {
      targets,
      detail: describeLinks(links),
      heal: async () => cluster.network.heal(),
    }
  },
}

/** `a ↮ b` where nothing passes, `a ↛ b` where one direction is left. */
function describeLinks(links: readonly Link[]): string {
  const cut = new Set(links.map(({ from, to }) => `${from} ${to}`))
  const words = links.flatMap(({ from, to }) => {
    if (!cut.has(`${to} ${from}`)) return [`${from} ↛ ${to}`]
    return from < to ? [`${from} ↮ ${to}`] : []
  })
  return words.join(', ')
}

export const REGION_BLACKOUT: Nemesis = {
  name: 'region-blackout',
  summary: 'no region hears anybody: not each other, not racks, not clients',
  needsRack: true,
  required: () => [{ nemesis: 'region-blackout', variant: '', leader: 'leader in' }],
  inject: async ({ cluster }, _kind, nodes) => {
    const racks = cluster.racks.map(({ name }) => name)
    cluster.network.block(between(nodes, [...nodes, ...racks, CLIENT]))
    return {
      targets: nodes,
      detail: 'every link of every region is cut',
      heal: async () => cluster.network.heal(),
    }
  },
}
