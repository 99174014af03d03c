// `kill` and `pause`: processes that die and processes that stop for a while and know nothing of it.
import { bothPlaces, type Nemesis } from '../nemesis.ts'

export const KILL: Nemesis = {
  name: 'kill',
  summary: 'SIGKILL of one node or of all at once; they are started again',
  required: () => [
    ...bothPlaces('kill', 'one'),
    { nemesis: 'kill', variant: 'all', leader: 'leader in' },
  ],
  inject: async ({ cluster }, { variant }, nodes) => {
    const targets = variant === 'all' ? nodes : nodes.slice(0, 1)
    await Promise.all(targets.map((name) => cluster.node(name).daemon.kill()))
    return {
      targets,
      detail: `SIGKILL of ${targets.join(', ')}`,
      heal: async () => {
        for (const name of targets) cluster.node(name).daemon.start()
      },
    }
  },
}

export const PAUSE: Nemesis = {
  name: 'pause',
  summary: 'SIGSTOP of one node, then SIGCONT: it goes on as if no time had passed',
  required: () => bothPlaces('pause'),
  inject: async ({ cluster }, _kind, nodes) => {
    const targets = nodes.slice(0, 1)
    for (const name of targets) cluster.node(name).daemon.pause()
    return {
      targets,
      detail: `SIGSTOP of ${targets.join(', ')}`,
      heal: async () => {
        for (const name of targets) cluster.node(name).daemon.resume()
      },
    }
  },
}

export const RACK_KILL: Nemesis = {
  name: 'rack-kill',
  summary: 'SIGKILL of a rack; it is started again',
  needsRack: true,
  required: () => [{ nemesis: 'rack-kill', variant: '', leader: null }],
  inject: async ({ cluster, random }) => {
    const rack = random.pick(cluster.racks)
    await rack.kill()
    return {
      targets: [rack.name],
      detail: `SIGKILL of ${rack.name}`,
      heal: async () => rack.start(),
    }
  },
}
