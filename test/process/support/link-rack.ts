// A rack as a region sees it: joined by token, linked to one region, moving to the next when the link breaks. It asks
// for leases; there is no network behind it.
import type { SystemId } from '#model/ids.ts'
import { parseMac } from '#model/mac-address.ts'
import type { Credentials } from '#protocol/enroll.ts'
import type { RackCommand, RackToRegionReply } from '#protocol/rack.ts'
import { parseHostPort, parseToken } from '#protocol/token.ts'
import { enroll } from '#rack/enroll.ts'
import { connectRegion, type RegionConnection } from '#rack/region-connection.ts'
import { eventually } from './cluster.ts'

const LINK_MS = 3_000
const REPLY_MS = 10_000
const PAUSE_MS = 50
const PING_MS = 500

export type LinkRackOptions = {
  readonly id: string
  readonly token: string
  /** CIDR with host bits. */
  readonly address: string
  readonly mac: string
  /** `host:port` of the regions, the preferred one first. */
  readonly regions: readonly string[]
}

export class LinkRack {
  readonly #options: LinkRackOptions
  readonly #credentials: Credentials
  readonly #waiting = new Map<number, (reply: RackToRegionReply | null) => void>()
  #connection: RegionConnection | null = null
  #connecting: Promise<RegionConnection> | null = null
  #alive: NodeJS.Timeout | undefined
  #at = 0
  #requests = 0

  private constructor(options: LinkRackOptions, credentials: Credentials) {
    this.#options = options
    this.#credentials = credentials
  }

  static async join(options: LinkRackOptions): Promise<LinkRack> {
    const { secret, caFingerprint } = parseToken(options.token)
    const address = addressOf(options.regions[0] ?? '')
    const own = { secret, caFingerprint, rackId: options.id, hostname: options.id }
    const credentials = await enroll({ ...address, ...own, timeoutMs: LINK_MS })
    const rack = new LinkRack(options, credentials)
    await rack.#link()
    return rack
  }

  /** Null: nothing is known of the outcome, the link broke or no region had a quorum. */
  async ask(command: RackCommand): Promise<Extract<RackToRegionReply, { ok: true }> | null> {
    const connection = await this.#link()
    const id = ++this.#requests
    const reply = await new Promise<RackToRegionReply | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), REPLY_MS)
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      if (!connection.send({ type: 'request', id, command })) this.#settle(id, null)
    })
    this.#waiting.delete(id)
    return reply?.ok === true ? reply : null
  }

  /** From now on a rack that is there although it asks nothing: silent links are closed, lost ones made again. */
  keepAlive(): void {
    this.#alive ??= setInterval(() => {
      const now = { type: 'ping', sentAtMs: 0 } as const
      this.#link()
        .then((connection) => connection.send(now))
        .catch(() => {})
    }, PING_MS)
  }

  close(): void {
    clearInterval(this.#alive)
    this.#connection?.close()
  }

  async #link(): Promise<RegionConnection> {
    if (this.#connection !== null) return this.#connection
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = null))
    return this.#connecting
  }

  async #connect(): Promise<RegionConnection> {
    const { id, regions } = this.#options
    return eventually(`rack ${id} finds a region`, 60, async () => {
      const where = addressOf(regions[this.#at++ % regions.length] ?? '')
      const connection = await connectRegion({
        ...where,
        credentials: this.#credentials,
        timeoutMs: LINK_MS,
        onMessage: (message) => {
          if (message.type === 'reply') this.#settle(message.id, message.reply)
          if (message.type === 'goodbye') this.#lost()
        },
        onClose: () => this.#lost(),
      })
      connection.send({ type: 'hello', register: this.#register(), viewRevision: 0 })
      this.#connection = connection
      return connection
    })
  }

  #register() {
    const { id, address, mac } = this.#options
    const parsed = parseMac(mac)
    if (parsed === undefined) throw new Error(`not a MAC: ${mac}`)
    return {
      ...{ systemId: id as SystemId, hostname: id, version: '0.1.0' },
      ...{ architecture: 'amd64/generic', cpuCount: 1, memoryMib: 1_024 },
      interfaces: [{ name: 'eth0', mac: parsed, addresses: [address] }],
    }
  }

  #lost(): void {
    this.#connection = null
    for (const id of [...this.#waiting.keys()]) this.#settle(id, null)
  }

  #settle(id: number, reply: RackToRegionReply | null): void {
    this.#waiting.get(id)?.(reply)
  }
}

/** Asks until the outcome is known: a retry of the same client for the same address. */
export async function askUntilKnown(rack: LinkRack, command: RackCommand) {
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    const reply = await rack.ask(command)
    if (reply !== null) return reply.outcome
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  throw new Error(`no region answered ${command.type}`)
}

function addressOf(text: string) {
  const address = parseHostPort(text)
  if (address === undefined) throw new Error(`not an address: ${text}`)
  return address
}
