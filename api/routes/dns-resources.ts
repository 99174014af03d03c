// dnsresources/: names and their addresses (maas-api §9).
import type { DnsResource } from '#model/dns.ts'
import type { DnsResourceId } from '#model/ids.ts'
import { formatIp, parseIp, type Ip } from '#model/ip.ts'
import { domainOfNode, fqdnOf } from '#state/query-dns.ts'
import { addressesOf } from '#state/query.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { Form } from '../input.ts'
import { flag, list, text } from '../params.ts'
import { renderDnsResource } from '../render/dns.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { OWNER_NAME, ownerNameOf, requiredOwnerName, resourceFilter } from './dns-names.ts'
import { ttlField, ttlParam } from './domains.ts'
import { present } from './fabrics.ts'

function resourceOf(state: RegionState, call: Call): DnsResource {
  const id = parseId(call.param('id'))
  const resource = id === null ? undefined : state.dnsResources.get(id as DnsResourceId)
  if (resource === undefined) throw notFound('DNSResource')
  return resource
}

function renderResourceOf(state: RegionState, id: DnsResourceId) {
  const resource = state.dnsResources.get(id)
  return resource === undefined ? { id } : renderDnsResource(state, resource)
}

async function listResources(call: Call) {
  const state = await call.state()
  const rows = [...state.dnsResources.values()].filter(resourceFilter(state, call))
  const implicit = call.input.flag('all') ? machineNames(state, call) : []
  return jsonList([...rows, ...implicit], (row) =>
    'fqdn' in row ? row : renderDnsResource(state, row),
  )
}

/** With `all`: the names that machines have by themselves; they have no id. */
function machineNames(state: RegionState, call: Call) {
  const { input } = call
  const wantedDomain = input.text('domain')?.toLowerCase()
  const wanted = (input.text('fqdn') ?? input.text('name'))?.toLowerCase()
  return [...state.machines.values()].flatMap((machine) => {
    const { systemId, hostname } = machine
    const { id, name } = domainOfNode(state, machine)
    const isElsewhere =
      wantedDomain !== undefined && ![name.toLowerCase(), String(id)].includes(wantedDomain)
    if (isElsewhere) return []
    const fqdn = fqdnOf(state, machine)
    const addresses = addressesOf(state, systemId)
    const isWanted = wanted === undefined || [fqdn.toLowerCase(), hostname].includes(wanted)
    if (!isWanted || addresses.length === 0) return []
    const ips = addresses.map((ip) => ({ ip: formatIp(ip) }))
    const nothing = { id: null, address_ttl: null, resource_uri: null }
    return [{ ...nothing, fqdn, ip_addresses: ips, resource_records: [] }]
  })
}

/** By comma, blank, or repeated; each an address, or the number of one that `ipaddresses/` showed. */
function addressesField(form: Form): readonly Ip[] | undefined {
  const name = 'ip_addresses'
  if (!form.input.has(name)) return undefined
  const parts = form.input.list(name).flatMap((part) => part.split(/\s+/))
  const addresses = new Set<Ip>()
  for (const part of parts) {
    const ip = parseIp(part)
    if (ip === undefined) form.report(name, `'${part.slice(0, 64)}' is not an IP address.`)
    else addresses.add(ip)
  }
  return [...addresses]
}

const RESOURCE = {
  ...OWNER_NAME,
  address_ttl: ttlParam('Of its addresses, seconds; empty: that of the domain.'),
  ip_addresses: list('Its addresses; commas or blanks between.'),
}
const LISTED = {
  ...OWNER_NAME,
  rrtype: text('Only those with a record of this type.', { max: 32 }),
  all: flag('Also the names that machines have by themselves.'),
}

async function createResource(call: Call) {
  const state = await call.state()
  const { domain, name } = requiredOwnerName(state, call)
  const form = new Form(call.input)
  const addressTtl = ttlField(form, 'address_ttl') ?? null
  const addresses = addressesField(form) ?? []
  form.check()
  const { id } = await call.propose({
    type: 'dnsResource.create',
    ...{ userId: call.user.id, domainId: domain.id, name, addressTtl, addresses },
  })
  return json(renderResourceOf(call.after(), id))
}

async function updateResource(call: Call) {
  const state = await call.state()
  const { id, name, domainId } = resourceOf(state, call)
  const owner = ownerNameOf(state, call) ?? renamed(call, { name, domainId })
  const form = new Form(call.input)
  const addressTtl = ttlField(form, 'address_ttl')
  const addresses = addressesField(form)
  form.check()
  const set = {
    name: owner.name,
    domainId: 'domain' in owner ? owner.domain.id : owner.domainId,
    addressTtl,
    addresses,
  }
  await call.propose({ type: 'dnsResource.update', id, userId: call.user.id, set: present(set) })
  return json(renderResourceOf(call.after(), id))
}

/** `name` alone moves it within its domain. */
function renamed(call: Call, old: Pick<DnsResource, 'name' | 'domainId'>) {
  return { ...old, name: call.input.text('name')?.trim() || old.name }
}

export const DNS_RESOURCES: readonly Resource[] = [
  {
    name: 'DNSResourcesHandler',
    path: 'dnsresources/',
    doc: 'Manage DNS resources.',
    actions: [
      taking(LISTED, (run) => read('user', 'List DNS resources.', run), listResources),
      taking(RESOURCE, (run) => create('admin', 'Create a DNS resource.', run), createResource),
    ],
  },
  {
    name: 'DNSResourceHandler',
    path: 'dnsresources/{id}/',
    doc: 'Manage one DNS resource.',
    actions: [
      read('user', 'Show a DNS resource.', async (call) => {
        const state = await call.state()
        return json(renderDnsResource(state, resourceOf(state, call)))
      }),
      taking(RESOURCE, (run) => update('admin', 'Change a DNS resource.', run), updateResource),
      remove('admin', 'Delete a DNS resource.', async (call) => {
        const { id } = resourceOf(await call.state(), call)
        await call.propose({ type: 'dnsResource.delete', id })
        return NO_CONTENT
      }),
    ],
  },
]
