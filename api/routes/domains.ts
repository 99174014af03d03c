// domains/: MAAS's zones (maas-api §9). Names in them: `dns-resources.ts`, `dns-records.ts`.
import { TTL_MAX, type Domain } from '#model/dns.ts'
import type { DomainId } from '#model/ids.ts'
import { domainOf, domainsOf } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { Form } from '../input.ts'
import { renderDomain } from '../render/dns.ts'
import { create, operation, read, remove, update, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { present } from './fabrics.ts'

const SERIAL_MAX = 2 ** 32 - 1

function domainOfCall(state: RegionState, call: Call): Domain {
  const id = parseId(call.param('id'))
  const domain = id === null ? undefined : domainOf(state, id as DomainId)
  if (domain === undefined) throw notFound('Domain')
  return domain
}

function renderDomainOf(state: RegionState, id: DomainId) {
  const domain = domainOf(state, id)
  return domain === undefined ? { id } : renderDomain(state, domain)
}

/** Null when given empty: the default applies. */
export function ttlField(form: Form, name: string): number | null | undefined {
  if (form.input.text(name)?.trim() === '') return null
  return form.integer(name, { min: 1, max: TTL_MAX })
}

/** Separated by commas, blanks, or repeated. */
function serversField(form: Form): readonly string[] | undefined {
  const name = 'forward_dns_servers'
  if (!form.input.has(name)) return undefined
  return form.input.list(name).flatMap((part) => part.split(/\s+/))
}

function domainFields(form: Form) {
  return {
    name: form.text('name', { max: 253 }),
    authoritative: form.flag('authoritative'),
    ttl: ttlField(form, 'ttl'),
    forwardDnsServers: serversField(form),
  }
}

async function createDomain(call: Call) {
  const form = new Form(call.input)
  form.require('name')
  const { name = '', authoritative = true, ttl = null, forwardDnsServers = [] } = domainFields(form)
  form.check()
  const fields = { name, authoritative, ttl, forwardDnsServers }
  const { id } = await call.propose({ type: 'domain.create', ...fields })
  return json(renderDomainOf(call.after(), id))
}

async function updateDomain(call: Call) {
  const { id } = domainOfCall(await call.state(), call)
  const form = new Form(call.input)
  const set = domainFields(form)
  if (set.name === '') form.require('name')
  form.check()
  await call.propose({ type: 'domain.update', id, set: present(set) })
  return json(renderDomainOf(call.after(), id))
}

async function setDefault(call: Call) {
  const { id } = domainOfCall(await call.state(), call)
  await call.propose({ type: 'domain.setDefault', id })
  return json(renderDomainOf(call.after(), id))
}

async function setSerial(call: Call) {
  const form = new Form(call.input)
  form.require('serial')
  const serial = form.integer('serial', { min: 1, max: SERIAL_MAX })
  form.check()
  await call.propose({ type: 'domain.setSerial', serial: serial ?? 1 })
  return json(null)
}

export const DOMAINS: readonly Resource[] = [
  {
    name: 'DomainsHandler',
    path: 'domains/',
    doc: 'Manage domains.',
    actions: [
      read('user', 'List domains.', async (call) => {
        const state = await call.state()
        return jsonList(domainsOf(state), (domain) => renderDomain(state, domain))
      }),
      create('admin', 'Create a domain.', createDomain),
      operation('POST', 'set_serial', { access: 'admin', doc: 'Set the SOA serial.' }, setSerial),
    ],
  },
  {
    name: 'DomainHandler',
    path: 'domains/{id}/',
    doc: 'Manage one domain.',
    actions: [
      read('user', 'Show a domain.', async (call) => {
        const state = await call.state()
        return json(renderDomain(state, domainOfCall(state, call)))
      }),
      update('admin', 'Change a domain.', updateDomain),
      remove('admin', 'Delete a domain.', async (call) => {
        const { id } = domainOfCall(await call.state(), call)
        await call.propose({ type: 'domain.delete', id })
        return NO_CONTENT
      }),
      operation(
        ...(['POST', 'set_default'] as const),
        { access: 'admin', doc: 'Make it the default domain.' },
        setDefault,
      ),
    ],
  },
]
