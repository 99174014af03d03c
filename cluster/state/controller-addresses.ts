// The IPv4 addresses that racks have on their interfaces: nobody else may get one. Derived from rows.
import { parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import type { SystemId } from '#model/ids.ts'
import type { Controller } from '#model/machine.ts'
import type { Table } from './table.ts'

export class ControllerAddresses {
  /** Address → controllers that have it. */
  readonly #owners = new Map<Ipv4, Set<SystemId>>()

  constructor(controllers: Table<Controller, SystemId>) {
    controllers.follow({
      onChange: (key, before, after) => {
        if (before?.interfaces === after?.interfaces) return
        for (const ip of addressesOf(before)) this.#remove(ip, key)
        for (const ip of addressesOf(after)) this.#add(ip, key)
      },
    })
  }

  has(ip: Ipv4): boolean {
    return this.#owners.has(ip)
  }

  /** Of several the one with the least id. */
  ownerOf(ip: Ipv4): SystemId | undefined {
    return [...(this.#owners.get(ip) ?? [])].sort()[0]
  }

  /** Ascending. */
  all(): readonly Ipv4[] {
    return [...this.#owners.keys()].sort((a, b) => a - b)
  }

  #add(ip: Ipv4, controller: SystemId): void {
    const owners = this.#owners.get(ip)
    if (owners === undefined) this.#owners.set(ip, new Set([controller]))
    else owners.add(controller)
  }

  #remove(ip: Ipv4, controller: SystemId): void {
    const owners = this.#owners.get(ip)
    owners?.delete(controller)
    if (owners?.size === 0) this.#owners.delete(ip)
  }
}

function addressesOf(controller: Controller | undefined): readonly Ipv4[] {
  const addresses: Ipv4[] = []
  for (const { addresses: texts } of controller?.interfaces ?? []) {
    for (const text of texts) {
      const ip = parseIpv4(text.split('/')[0] ?? '')
      if (ip !== undefined) addresses.push(ip)
    }
  }
  return addresses
}
