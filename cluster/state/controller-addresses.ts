// The addresses that racks have, on interfaces they serve and on others: nobody else may get one. Derived from rows.
import { compareIps, isIpv4, parseIp, type Ip } from '#model/ip.ts'
import type { SystemId } from '#model/ids.ts'
import { isLinkLocal } from '#model/ipv6.ts'
import type { Controller } from '#model/machine.ts'
import type { Table } from './table.ts'

export class ControllerAddresses {
  /** Address → controllers that have it. */
  readonly #owners = new Map<Ip, Set<SystemId>>()

  constructor(controllers: Table<Controller, SystemId>) {
    controllers.follow({
      onChange: (key, before, after) => {
        if (
          before?.interfaces === after?.interfaces &&
          before?.otherAddresses === after?.otherAddresses
        ) {
          return
        }
        for (const ip of addressesOf(before)) this.#remove(ip, key)
        for (const ip of addressesOf(after)) this.#add(ip, key)
      },
    })
  }

  has(ip: Ip): boolean {
    return this.#owners.has(ip)
  }

  /** Of several the one with the least id. */
  ownerOf(ip: Ip): SystemId | undefined {
    return [...(this.#owners.get(ip) ?? [])].sort()[0]
  }

  /** Ascending. */
  all(): readonly Ip[] {
    return [...this.#owners.keys()].sort(compareIps)
  }

  #add(ip: Ip, controller: SystemId): void {
    const owners = this.#owners.get(ip)
    if (owners === undefined) this.#owners.set(ip, new Set([controller]))
    else owners.add(controller)
  }

  #remove(ip: Ip, controller: SystemId): void {
    const owners = this.#owners.get(ip)
    owners?.delete(controller)
    if (owners?.size === 0) this.#owners.delete(ip)
  }
}

/** Without link-local ones of IPv6: every link has the same. */
function addressesOf(controller: Controller | undefined): readonly Ip[] {
  const served = (controller?.interfaces ?? []).flatMap(({ addresses }) => addresses)
  return [...served, ...(controller?.otherAddresses ?? [])].flatMap((text) => {
    const ip = parseIp(text.split('/')[0] ?? '')
    return ip !== undefined && (isIpv4(ip) || !isLinkLocal(ip)) ? [ip] : []
  })
}
