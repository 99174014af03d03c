// Three live regions and a rack, with something to deploy, and machines that do what machines do: they ask for their preseed, report
// that their scripts passed, install and ask for their user data.
import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import { authorization } from '#tools/client.ts'
import { eventually, TestCluster } from '../../support/cluster.ts'
import { LinkRack } from '../../support/link-rack.ts'
import { answerOf, type Answer } from './answer.ts'

const IMAGE = { name: 'debian/bookworm', architecture: 'amd64/generic', title: 'Debian 12' }

export class Site {
  /** Of MAAS, without a slash at the end. */
  readonly url: string
  readonly #urls: readonly string[]
  /** Of an administrator. */
  readonly apiKey: string
  readonly password: string

  private constructor(urls: readonly string[], admin: TestCluster['now']['admin']) {
    this.#urls = urls
    this.url = `${urls[0]}/MAAS`
    this.apiKey = admin.api_key
    this.password = admin.password
  }

  static async start(t: Test): Promise<Site> {
    const cluster = await TestCluster.make()
    t.teardown(() => cluster.remove())
    const { admin, nodes, rack_token: token } = await cluster.bootstrap()
    const site = new Site(
      nodes.map(({ api_url: url }) => url),
      admin,
    )
    // There is a leader, then, and all have met.
    await eventually('the level of the cluster is the newest', 30, async () => {
      const { json } = await site.ask('GET', '/api/v1/cluster', { key: null })
      return (json as { readonly feature_level: number }).feature_level === 3 ? true : undefined
    })
    await site.#importImage()
    const rack = await LinkRack.join({
      ...{ id: 'rackaa', token, regions: nodes.map(({ peer_address: peer }) => peer) },
      ...{ address: '192.0.2.2/24', mac: '52:54:00:ff:00:01' },
    })
    t.teardown(() => rack.close())
    rack.keepAlive()
    return site
  }

  async #importImage(): Promise<void> {
    const kinds = ['boot-kernel', 'boot-initrd', 'squashfs']
    const files = kinds.map((kind) => ({
      ...{ kind, filename: kind, size_bytes: kind.length },
      sha256: createHash('sha256').update(kind).digest('hex'),
    }))
    for (const { kind, sha256 } of files) {
      const type = 'application/octet-stream'
      await this.must('PUT', `/api/v1/boot-files/${sha256}`, { body: kind, type })
    }
    const body = JSON.stringify({ ...IMAGE, files })
    await this.must('POST', '/api/v1/boot-resources', { body, type: 'application/json' })
  }

  /** The API key that logging in by name gives. */
  async keyOf(username: string, password: string): Promise<string> {
    const body = new URLSearchParams({ username, password }).toString()
    const { json } = await this.must('POST', '/MAAS/accounts/authenticate/', {
      ...{ ...FORM, body, key: null },
    })
    const key = json as Readonly<Record<string, string>>
    return `${key['consumer_key']}:${key['token_key']}:${key['token_secret']}`
  }

  /** Below `/`, as the administrator unless told otherwise. */
  ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const { key = this.apiKey, body, type } = asked
    const headers = {
      ...(key === null ? {} : { authorization: authorization(key) }),
      ...(type === undefined ? {} : { 'content-type': type }),
    }
    const url = `${this.#urls[asked.region ?? 0]}${path}`
    return answerOf(url, { method, headers, ...(body === undefined ? {} : { body }) })
  }

  async must(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const answer = await this.ask(method, path, asked)
    if (answer.status < 300) return answer
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  }

  /** One that nobody knew has told what it is made of; it is New. */
  async enlisted(): Promise<string> {
    const mac = '52:54:00:aa:aa:01'
    const fields = { architecture: 'amd64/generic', mac_addresses: mac, hardware: HARDWARE }
    const body = new URLSearchParams(fields).toString()
    const asked = { ...FORM, body, key: null }
    const { json } = await this.must('POST', '/MAAS/api/2.0/machines/', asked)
    return json.system_id as string
  }

  /** It was switched on while Commissioning, and what it ran there passed. */
  async commissioned(systemId: string): Promise<void> {
    const key = await this.#boot(systemId)
    await this.#signal(key, 'OK')
  }

  /** Its disk is written, it has booted from it and has asked for its user data, which is told. */
  async deployed(systemId: string): Promise<string> {
    const key = await this.#boot(systemId)
    const byId = `/MAAS/metadata/latest/by-id/${systemId}/`
    await this.must('POST', byId, { ...FORM, body: 'op=netboot_off', key: null, region: 1 })
    const path = '/MAAS/metadata/latest/user-data'
    const { status, text } = await this.ask('GET', path, { key, region: 2 })
    if (status !== 200 && status !== 404) throw new Error(`user-data: ${status} ${text}`)
    return status === 404 ? '' : text
  }

  /** What it does while Deploying or Commissioning goes wrong. */
  async failed(systemId: string): Promise<void> {
    await this.#signal(await this.#boot(systemId), 'FAILED')
  }

  async #boot(systemId: string): Promise<string> {
    const path = `/MAAS/metadata/latest/by-id/${systemId}/?op=get_preseed`
    const { text } = await this.must('GET', path, { key: null, region: 1 })
    const value = (name: string) =>
      new RegExp(`^ {4}${name}: "([A-Za-z0-9]+)"$`, 'm').exec(text)?.[1] ?? ''
    return `${value('consumer_key')}:${value('token_key')}:${value('token_secret')}`
  }

  #signal(key: string, status: 'OK' | 'FAILED'): Promise<Answer> {
    const body = `op=signal&status=${status}&error=`
    return this.must('POST', '/MAAS/metadata/latest/', { ...FORM, body, key, region: 2 })
  }
}

const HARDWARE = JSON.stringify({
  ...{ firmware: 'uefi', uuid: '4c4c4544-0042-3010-8046-b9c04f4d3132', memory_mib: 16_384 },
  ...{ cpu: { count: 8, model: 'Xeon', mhz: 2_400 } },
  dmi: { sys_vendor: 'V', product_name: 'P', product_serial: 'S', bios_date: '01/02/2025' },
  nics: [{ name: 'ens1', mac: '52:54:00:aa:aa:01', driver: 'e1000', carrier: 1, speed: 1_000 }],
  disks: [
    {
      name: 'sda',
      size_bytes: 4 * 10 ** 12,
      model: 'm',
      serial: 's',
      rotational: 1,
      block_size: 512,
    },
    { name: 'nvme0n1', size_bytes: 10 ** 12, id_path: '/dev/disk/by-id/nvme-x', block_size: 4_096 },
  ],
})

const FORM = { type: 'application/x-www-form-urlencoded' }

type Asked = {
  /** Null: without. */
  readonly key?: string | null
  readonly body?: string
  readonly type?: string
  readonly region?: number
}
