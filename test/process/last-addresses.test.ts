// 64 clients race for the last 500 addresses of a subnet, half by API and half by DHCP, through three regions whose
// leader dies: every address has one owner, and who gets none is told why.
import t from 'tap'
import { formatIpv4, parseIpv4, type Ipv4 } from '#model/ipv4.ts'
import { parseMac } from '#model/mac-address.ts'
import type { SystemId } from '#model/ids.ts'
import { eventually, signed, TestCluster, type Node } from './support/cluster.ts'
import { askUntilKnown, LinkRack } from './support/link-rack.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(300_000)

const API = '/MAAS/api/2.0/'
const NET = '10.210'
const CIDR = `${NET}.0.0/23`
/** Of 510 hosts 500 are to be had: gateway, three racks and six reserved ones are not. */
const DYNAMIC = { start_ip: `${NET}.1.0`, end_ip: `${NET}.1.249` }
const LANES = 32
const DEATHS = 1
const RACK_IDS = ['rackaa', 'rackbb', 'rackcc']

type Fields = Record<string, string>
type Answer = { readonly status: number; readonly text: string }
type Owner = { readonly ip: string; readonly owner: string }

/** Repeats a request under its key until its outcome is known. */
async function call(
  node: () => Node,
  apiKey: string,
  ask: {
    readonly method: string
    readonly path: string
    readonly form?: Fields
    readonly key?: string
  },
): Promise<Answer> {
  const { method, path, form, key } = ask
  const deadline = performance.now() + 60_000
  let last = ''
  while (performance.now() < deadline) {
    try {
      const response = await fetch(`${node().api_url}${path}`, {
        method,
        headers: { ...signed(apiKey), ...(key === undefined ? {} : { 'idempotency-key': key }) },
        ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
        signal: AbortSignal.timeout(15_000),
      })
      const text = await response.text()
      // An exhausted subnet is an answer; every other 503 says to ask again.
      if (response.status !== 503 || text.startsWith('No more addresses')) {
        return { status: response.status, text }
      }
      last = text
    } catch (error) {
      last = String(error)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${method} ${path}: ${last}`)
}

type Race = {
  readonly cluster: TestCluster
  readonly apiKey: string
  readonly racks: readonly LinkRack[]
  readonly owners: Owner[]
  readonly reasons: string[]
}

function nodeOf({ cluster }: Pick<Race, 'cluster'>, lane: number): Node {
  const node = cluster.now.nodes[lane % 3]
  if (node === undefined) throw new Error('three nodes were asked for')
  return node
}

async function prepare(cluster: TestCluster): Promise<Race> {
  const { admin, rack_token: token, nodes } = cluster.now
  const apiKey = admin.api_key
  const race = { cluster, apiKey }
  const ok = async (method: string, path: string, form: Fields): Promise<string> => {
    const { status, text } = await call(() => nodeOf(race, 0), apiKey, { method, path, form })
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`)
    return text
  }
  const subnet = await ok('POST', `${API}subnets/`, { cidr: CIDR, gateway_ip: `${NET}.0.1` })
  const { vlan } = JSON.parse(subnet) as { readonly vlan: { readonly id: number } }
  const racks = await Promise.all(
    RACK_IDS.map((id, at) => {
      const regions = nodes.map(({ peer_address: peer }) => peer)
      return LinkRack.join({
        ...{ id, token, address: `${NET}.0.${at + 2}/23`, mac: `52:54:00:ff:00:0${at}` },
        regions: [...regions.slice(at), ...regions.slice(0, at)],
      })
    }),
  )
  await eventually('three racks', 30, async () => {
    const path = `${API}rackcontrollers/`
    const { text } = await call(() => nodeOf(race, 0), apiKey, { method: 'GET', path })
    return (JSON.parse(text) as unknown[]).length === 3 ? true : undefined
  })
  await ok('POST', `${API}ipranges/`, { type: 'dynamic', ...DYNAMIC })
  const kept = [[`${NET}.0.5`, `${NET}.0.5`] as const, [`${NET}.1.250`, `${NET}.1.254`] as const]
  for (const [start_ip, end_ip] of kept) {
    await ok('POST', `${API}ipranges/`, { type: 'reserved', start_ip, end_ip })
  }
  const [primary_rack = '', secondary_rack = '', further_racks = ''] = RACK_IDS
  const served = { dhcp_on: 'true', primary_rack, secondary_rack, further_racks }
  await ok('PUT', `${API}vlans/${vlan.id}/`, served)
  return { ...race, racks, owners: [], reasons: [] }
}

/** Even lanes ask for the next free one until there is none, odd ones first for addresses by name. */
async function raceByApi(race: Race, lane: number): Promise<void> {
  const reserve = async (number: number, form: Fields): Promise<boolean> => {
    const { status, text } = await call(() => nodeOf(race, lane), race.apiKey, {
      ...{ method: 'POST', path: `${API}ipaddresses/?op=reserve`, form },
      key: `race-${lane}-${number}`,
    })
    if (status === 200) {
      const { ip } = JSON.parse(text) as { readonly ip: string }
      race.owners.push({ ip, owner: `api ${lane} ${number}` })
    } else race.reasons.push(`${status} ${text}`)
    return status === 200
  }
  let number = 0
  if (lane % 2 === 1) {
    for (let at = 6 + lane; at < 250; at += 23) await reserve(number++, { ip: `${NET}.0.${at}` })
  }
  while (await reserve(number++, { subnet: CIDR }));
}

/** Two lanes of different racks want each dynamic address, each for a client of its own. */
async function raceByDhcp(race: Race, lane: number): Promise<void> {
  const rack = race.racks[lane % 3]
  const first = parseIpv4(DYNAMIC.start_ip)
  if (rack === undefined || first === undefined) throw new Error('nothing to race with')
  for (let at = lane % 16; at < 250; at += 16) {
    const text = `52:54:00:01:${hex(lane)}:${hex(at)}`
    const mac = parseMac(text)
    if (mac === undefined) throw new Error(`not a MAC: ${text}`)
    const outcome = await askUntilKnown(rack, {
      ...{ type: 'lease.bind', rackId: RACK_IDS[lane % 3] as SystemId, mac, hostname: '' },
      ...{ client: `1-${text.replaceAll(':', '')}`, ip: (first + at) as Ipv4 },
      ...{ leaseSeconds: 600, kind: 'selecting' },
    })
    const ip = formatIpv4((first + at) as Ipv4)
    if (outcome.ok) race.owners.push({ ip, owner: text })
    else race.reasons.push(`${outcome.code} ${outcome.message}`)
  }
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0')
}

async function killLeaders({ cluster, owners }: Race): Promise<number> {
  let deaths = 0
  while (deaths < DEATHS) {
    await eventually(`death ${deaths + 1}`, 120, async () =>
      owners.length >= ((deaths + 0.5) * 500) / DEATHS ? true : undefined,
    )
    const leader = await cluster.leader()
    process.kill(leader.pid, 'SIGKILL')
    deaths++
    await cluster.bootstrap()
  }
  return deaths
}

const duplicates = (list: readonly string[]): readonly string[] =>
  list.filter((text, at) => list.indexOf(text) !== at)

type Listed = { readonly ip: string; readonly alloc_type: number }
const USER_RESERVED = 4
const BY_DHCP = 5

t.test('64 clients, 500 addresses, three regions, a leader that dies', async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  await cluster.bootstrap()
  const race = await prepare(cluster)
  t.teardown(() => race.racks.forEach((rack) => rack.close()))
  const lanes = Array.from({ length: LANES }, (_, lane) => lane)
  const [deaths] = await Promise.all([
    killLeaders(race),
    ...lanes.map((lane) => raceByApi(race, lane)),
    ...lanes.map((lane) => raceByDhcp(race, lane)),
  ])
  t.equal(deaths, DEATHS)
  const { owners, reasons } = race
  t.equal(owners.length, 500, 'owners')
  t.same(duplicates(owners.map(({ ip }) => ip)), [], 'no address twice')
  t.ok(reasons.length >= 250 + LANES, `${reasons.length} were refused`)
  const unexplained = reasons.filter(
    (text) => !/^(503 No more addresses|409 The IP address|ADDRESS_UNAVAILABLE \d)/.test(text),
  )
  t.same(unexplained, [], 'everybody else was told why')

  const told = (isApi: boolean): readonly string[] =>
    owners.filter(({ owner }) => owner.startsWith('api') === isApi).map(({ ip }) => ip)
  for (const at of lanes.slice(0, 3)) {
    const path = `${API}ipaddresses/?all=true`
    const { text } = await call(() => nodeOf(race, at), race.apiKey, { method: 'GET', path })
    const listed = JSON.parse(text) as Listed[]
    const of = (type: number): readonly string[] =>
      listed.filter((row) => row.alloc_type === type).map(({ ip }) => ip)
    t.same(of(USER_RESERVED).toSorted(), told(true).toSorted(), 'the API’s, as this region has it')
    t.same(of(BY_DHCP).toSorted(), told(false).toSorted(), 'DHCP’s')
  }
  for (const { ip, owner } of owners.filter((one) => !one.owner.startsWith('api'))) {
    const path = `/api/v1/explain/address/${ip}`
    const { text } = await call(() => nodeOf(race, 1), race.apiKey, { method: 'GET', path })
    const { hold } = JSON.parse(text) as { readonly hold: { readonly mac: string } | null }
    if (hold?.mac !== owner)
      t.fail(`${ip} was given to ${owner}, and ${hold?.mac ?? 'nobody'} has it`)
  }
})
