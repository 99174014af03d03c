// Regions as a rack's link sees them: connections that answer, stall, break or refuse on command. Nothing
// takes time but what the test lets pass.
import type { ConnectRegion } from '#rack/region-link.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'

export type FakeConnection = {
  readonly peer: string
  readonly received: RackToRegion[]
  readonly push: (message: RegionToRack) => void
  /** The region's end breaks. */
  readonly breakOff: () => void
  isClosed: boolean
}

export type FakeRegion = {
  /** `silent`: dials never settle and pings are not answered; `busy`: only the latter. */
  mode: 'up' | 'refusing' | 'silent' | 'busy'
  hasLeader: boolean
  answersRequests: boolean
}

export class FakeRegions {
  readonly regions = new Map<string, FakeRegion>()
  readonly connections: FakeConnection[] = []
  readonly dialled: string[] = []

  constructor(peers: readonly string[]) {
    for (const peer of peers) {
      this.regions.set(peer, { mode: 'up', hasLeader: true, answersRequests: true })
    }
  }

  at(peer: string): FakeRegion {
    const region = this.regions.get(peer)
    if (region === undefined) throw new Error(`no region ${peer}`)
    return region
  }

  open(): readonly FakeConnection[] {
    return this.connections.filter(({ isClosed }) => !isClosed)
  }

  last(): FakeConnection {
    const connection = this.connections.at(-1)
    if (connection === undefined) throw new Error('no connection yet')
    return connection
  }

  readonly connect: ConnectRegion = (peer, handlers) => {
    this.dialled.push(peer)
    const region = this.at(peer)
    if (region.mode === 'refusing') return Promise.reject(new Error('ECONNREFUSED'))
    if (region.mode === 'silent') return new Promise(() => {})
    const connection: FakeConnection = {
      peer,
      received: [],
      isClosed: false,
      push: handlers.onMessage,
      breakOff: () => {
        connection.isClosed = true
        handlers.onClose()
      },
    }
    this.connections.push(connection)
    return Promise.resolve({
      regionId: `id-${peer}`,
      close: () => {
        connection.isClosed = true
      },
      send: (message) => {
        if (connection.isClosed) return false
        connection.received.push(message)
        this.#answer(region, message, handlers.onMessage)
        return true
      },
    })
  }

  #answer(region: FakeRegion, message: RackToRegion, push: (message: RegionToRack) => void): void {
    if (region.mode !== 'up') return
    const { hasLeader } = region
    if (message.type === 'ping') push({ type: 'pong', sentAtMs: message.sentAtMs, hasLeader })
    if (message.type === 'request' && region.answersRequests) {
      const outcome = { ok: true as const, value: null }
      push({ type: 'reply', id: message.id, reply: { ok: true, outcome, revision: 7 } })
    }
  }
}
