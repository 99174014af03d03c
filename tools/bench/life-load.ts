// Machines that go through their life, closed loop, in a process of its own so that their CPU is not the regions': each is
// added and commissioned (all results, with a hardware report), allocated, deployed, up with its installed system, released,
// and removed. What a machine, its agent and its installer ask is asked over HTTP of whichever region is next, from an address
// of its own, as a rack hands it on. A machine's power is switched by hand here, and it has its address from another
// DHCP: racks have no part in this. Beside them one client reads machines and pages of the list, open loop.
// Reads one JSON job from argv, prints one JSON result.
import http from 'node:http'
import { BMC_SCRIPT, BUILTIN_SCRIPTS, HARDWARE_SCRIPT } from '#model/builtin-scripts.ts'
import { RESULT_TYPE } from '#model/script-result.ts'
import { summarise, type LoadResult } from './http-load.ts'

export type LifeJob = {
  readonly origins: readonly string[]
  /** OAuth header with `{nonce}` and `{now}`. */
  readonly authorization: string
  readonly lives: number
  /** Machines at work at a time. */
  readonly clients: number
  /** A machine that is in the inventory and stays. */
  readonly systemId: string
  /** Numbers the machines of this job: no MAC and no address twice in a cluster. */
  readonly first: number
}

export type LifeResult = {
  readonly seconds: number
  /** Requests of machines and of whoever orders them, all of which succeeded. */
  readonly requests: number
  /** Of the client beside them. */
  readonly reads: { readonly machine: LoadResult; readonly page: LoadResult }
}

const API = '/MAAS/api/2.0'
const METADATA = '/MAAS/metadata'
const BOUNDARY = 'bench-3f1c'
const FORM = 'application/x-www-form-urlencoded'
/** Base64, for a form. */
const USER_DATA = 'IyEvYmluL3NoCg%3D%3D'
const REQUEST_MS = 60_000
const READ_EVERY_MS = 20

const agents = new Map<string, http.Agent>()
let count = 0

type Ask = {
  readonly headers: Readonly<Record<string, string>>
  readonly contentType?: string
  readonly body?: string
}

/** Throws what was answered, unless it is a success. */
function ask(origin: string, method: string, path: string, how: Ask): Promise<string> {
  count++
  const { headers, body = '', contentType = FORM } = how
  const agent = agents.get(origin) ?? new http.Agent({ keepAlive: true })
  agents.set(origin, agent)
  return new Promise((resolve, reject) => {
    const sent = http.request(new URL(path, origin), {
      ...{ method, agent, timeout: REQUEST_MS },
      headers: {
        ...headers,
        ...(method === 'GET' ? {} : { 'content-type': contentType }),
        'content-length': Buffer.byteLength(body),
      },
    })
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) resolve(text)
        else reject(new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`))
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)))
    sent.on('error', reject)
    sent.end(body)
  })
}

let nonce = 0

function stamped(authorization: string): string {
  return authorization
    .replace('{nonce}', `${process.pid}-${nonce++}`)
    .replace('{now}', String(Math.floor(Date.now() / 1_000)))
}

class Life {
  readonly #job: LifeJob
  readonly #number: number
  #turn: number
  #id = ''

  constructor(job: LifeJob, number: number) {
    this.#job = job
    this.#number = number
    this.#turn = number
  }

  async live(): Promise<void> {
    const form = `architecture=amd64/generic&mac_addresses=${this.#mac}&power_type=manual`
    const made = await this.#order('POST', `machines/`, `${form}&testing_scripts=none`)
    this.#id = (JSON.parse(made) as { readonly system_id: string }).system_id
    const machine = `machines/${this.#id}/`
    await this.#commission()
    await this.#order('POST', 'machines/?op=allocate', `system_id=${this.#id}&agent_name=bench`)
    await this.#order(
      'POST',
      `${machine}?op=deploy`,
      `distro_series=debian/bookworm&user_data=${USER_DATA}`,
    )
    await this.#install()
    await this.#order('POST', `${machine}?op=release`)
    const { status_name: status } = JSON.parse(await this.#order('GET', machine)) as {
      readonly status_name: string
    }
    if (status !== 'Ready') throw new Error(`${this.#id} ends as ${status}`)
    await this.#order('DELETE', machine)
  }

  async #commission(): Promise<void> {
    const key = await this.#boot()
    await this.#machine('GET', '2012-03-01/maas-scripts', key)
    for (const { name, type } of BUILTIN_SCRIPTS) {
      // Powered by hand, so its BMC is left as it is.
      if (type !== RESULT_TYPE.COMMISSIONING || name === BMC_SCRIPT) continue
      const output = name === HARDWARE_SCRIPT ? this.#hardware() : 'done\n'
      await this.#signal(key, { status: 'WORKING', name })
      await this.#signal(key, { status: 'WORKING', name, exit_status: '0' }, [name, output])
    }
    await this.#signal(key, { status: 'OK' })
  }

  async #install(): Promise<void> {
    const key = await this.#boot()
    await this.#machine('GET', 'curtin/2012-03-01/user-data', key)
    await this.#signal(key, { status: 'WORKING' })
    const off = { contentType: FORM, body: 'op=netboot_off' }
    await this.#machine('POST', 'latest/', key, off)
    await this.#machine('GET', 'latest/meta-data/instance-id', key)
    await this.#machine('GET', 'latest/user-data', key)
  }

  /** The key of this boot. */
  async #boot(): Promise<string> {
    const preseed = await this.#machine('GET', `latest/by-id/${this.#id}/?op=get_preseed`, null)
    const value = (name: string): string =>
      new RegExp(`^ {4}${name}: "([A-Za-z0-9]+)"$`, 'm').exec(preseed)?.[1] ?? ''
    return (
      `OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", ` +
      `oauth_consumer_key="${value('consumer_key')}", oauth_token="${value('token_key')}", ` +
      `oauth_signature="%26${value('token_secret')}", oauth_nonce="{nonce}", ` +
      `oauth_timestamp="{now}"`
    )
  }

  #signal(
    key: string,
    fields: Readonly<Record<string, string>>,
    file?: readonly [name: string, text: string],
  ): Promise<string> {
    const part = (head: string, text: string): string =>
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name=${head}\r\n\r\n${text}\r\n`
    const parts = Object.entries({ op: 'signal', ...fields }).map(([name, text]) =>
      part(`"${name}"`, text),
    )
    const files = file === undefined ? [] : [part(`"${file[0]}"; filename="${file[0]}"`, file[1])]
    const body = `${[...parts, ...files].join('')}--${BOUNDARY}--\r\n`
    const contentType = `multipart/form-data; boundary=${BOUNDARY}`
    return this.#machine('POST', '2012-03-01/', key, { contentType, body })
  }

  #machine(method: string, path: string, key: string | null, more: Partial<Ask> = {}) {
    const headers = {
      ...{ 'x-forwarded-for': this.#address, 'x-forwarded-host': '192.0.2.1:5248' },
      ...(key === null ? {} : { authorization: stamped(key) }),
    }
    return ask(this.#origin(), method, `${METADATA}/${path}`, { headers, ...more })
  }

  #order(method: string, path: string, body = ''): Promise<string> {
    const headers = { authorization: stamped(this.#job.authorization) }
    return ask(this.#origin(), method, `${API}/${path}`, { headers, body })
  }

  /** Another one for each request, as racks follow any region. */
  #origin(): string {
    const { origins } = this.#job
    return origins[this.#turn++ % origins.length] ?? ''
  }

  get #mac(): string {
    const hex = this.#number.toString(16).padStart(8, '0')
    return `52:fe:${(hex.match(/../g) ?? []).join(':')}`
  }

  /** Of a network that the cluster does not serve. */
  get #address(): string {
    return [100, 64 + ((this.#number >> 16) & 63), (this.#number >> 8) & 255, this.#number & 255]
      .map(String)
      .join('.')
  }

  #hardware(): string {
    const disk = { model: 'disk', rotational: 0 }
    const nic = { driver: 'virtio', carrier: 1, speed: 1_000 }
    return JSON.stringify({
      ...{ firmware: 'uefi', boot_mac: this.#mac, memory_mib: 65_536 },
      cpu: { count: 8, model: 'Xeon', mhz: 2_400 },
      nics: [{ name: 'ens3', mac: this.#mac, ...nic }],
      disks: [
        { name: 'sda', size_bytes: 40 * 2 ** 30, serial: `A${this.#number}`, ...disk },
        { name: 'sdb', size_bytes: 400 * 2 ** 30, serial: `B${this.#number}`, ...disk },
      ],
      numa: [{ index: 0, cpus: '0-7', memory_mib: 65_536 }],
    })
  }
}

/** Reads while `isOver` is false; a late answer delays no other request. */
async function reads(job: LifeJob, path: string, isOver: () => boolean): Promise<LoadResult> {
  const latencies: number[] = []
  let errors = 0
  const under = new Set<Promise<void>>()
  const began = performance.now()
  for (let turn = 0; !isOver(); turn++) {
    const sent = performance.now()
    const origin = job.origins[turn % job.origins.length] ?? ''
    const headers = { authorization: stamped(job.authorization) }
    const one: Promise<void> = ask(origin, 'GET', `${API}/${path}`, { headers })
      .then(() => void latencies.push(performance.now() - sent))
      .catch(() => void errors++)
      .finally(() => under.delete(one))
    under.add(one)
    count--
    await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS))
  }
  await Promise.all(under)
  return summarise(latencies, (performance.now() - began) / 1_000, errors)
}

async function load(job: LifeJob): Promise<LifeResult> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < job.lives) await new Life(job, job.first + next++).live()
  }
  let isOver = false
  const page = `machines/?hostname=machine-1&hostname=machine-2&hostname=machine-3`
  const beside = [`machines/${job.systemId}/`, page].map((path) => reads(job, path, () => isOver))
  const began = performance.now()
  await Promise.all(Array.from({ length: job.clients }, worker)).finally(() => {
    isOver = true
  })
  const seconds = (performance.now() - began) / 1_000
  const [machine, listed] = await Promise.all(beside)
  if (machine === undefined || listed === undefined) throw new Error('nobody read')
  return { seconds, requests: count, reads: { machine, page: listed } }
}

if (import.meta.main) {
  const result = await load(JSON.parse(process.argv[2] ?? '{}') as LifeJob)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  process.exit(0)
}
