// A rack's link without a socket: remembers what it was sent, and is as slow or as deaf as told.
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'
import type { RackLink } from '#transport/links.ts'
import { RACK_2, registerRack } from './region-state.ts'

export class FakeRackLink implements RackLink {
  readonly rackId: string
  sent: RegionToRack[] = []
  queued = 0
  asked = 0
  accepts = true
  closed = false
  onMessage: (message: RackToRegion) => void = () => {}
  onClose: () => void = () => {}

  constructor(rackId: string) {
    this.rackId = rackId
  }

  readonly send = (message: RegionToRack): boolean => {
    if (this.accepts) this.sent.push(message)
    return this.accepts
  }

  readonly close = (): void => {
    this.closed = true
  }

  readonly queuedBytes = (): number => {
    this.asked++
    return this.queued
  }

  /** Under a foreign id, which the region must not believe. */
  hello(addresses: readonly string[] = ['10.0.0.2/24']): void {
    const register = registerRack(RACK_2, addresses)
    this.onMessage({ type: 'hello', register, viewRevision: 0 })
  }

  types(): readonly string[] {
    return this.sent.map(({ type }) => type)
  }

  count(type: RegionToRack['type']): number {
    return this.sent.filter((message) => message.type === type).length
  }

  /** Rows of one table in the newest message that has rows. */
  rows(table: string): readonly unknown[] {
    const newest = this.sent.findLast((message) => message.type.startsWith('view'))
    if (newest?.type === 'viewReset') return newest.rows.filter((row) => row.table === table)
    if (newest?.type === 'viewChanges') return newest.changes.filter((row) => row.table === table)
    return []
  }
}
