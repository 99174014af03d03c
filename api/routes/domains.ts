// domains/: MAAS's zones (maas-api §9). Names in them: `dns-resources.ts`, `dns-records.ts`.
import { TTL_MAX, type Domain } from '#model/dns.ts'
import type { DomainId } from '#model/ids.ts'
import { domainOf, domainsOf } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import type { Form } from '../input.ts'
import { custom, flag, integer, text, type Param, type Values } from '../params.ts'
import { renderDomain } from '../render/dns.ts'
import { create, operation, read, remove, taking, takingNothing, update } from '../resource.ts'
import type { Resource } from '../resource.ts'
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
  return form.integer(name, { min: 0, max: TTL_MAX })
}

/** Seconds; null when given empty: the default applies. */
export function ttlParam(doc: string): Param<number | null> {
  return custom<number | null>(doc, { type: 'integer', minimum: 0, maximum: TTL_MAX }, ttlField)
}

const SERVERS_MAX = 64

/** Separated by commas, blanks, or repeated. */
function serversField(form: Form, name: string): readonly string[] | undefined {
  if (!form.input.has(name)) return undefined
  const servers = form.input.list(name).flatMap((part) => part.split(/\s+/))
  return servers.length <= SERVERS_MAX ? servers : form.report(name, `At most ${SERVERS_MAX}.`)
}

const DOMAIN = {
  name: text('Its name.', { required: true, max: 253 }),
  authoritative: flag('We answer for it (default).'),
  ttl: ttlParam('Of its records that have none, seconds; empty: the default.'),
  forward_dns_servers: custom<readonly string[]>(
    'Servers that are asked about it where we do not answer; commas or blanks between.',
    { type: 'array', items: { type: 'string' }, maxItems: SERVERS_MAX },
    serversField,
  ),
}

async function createDomain(call: Call, values: Values<typeof DOMAIN>) {
  const { name = '', authoritative = true, ttl = null } = values
  const { forward_dns_servers: forwardDnsServers = [] } = values
  const fields = { name, authoritative, ttl, forwardDnsServers }
  const { id } = await call.propose({ type: 'domain.create', ...fields })
  return json(renderDomainOf(call.after(), id))
}

async function updateDomain(call: Call, values: Values<typeof DOMAIN>) {
  const { id } = domainOfCall(await call.state(), call)
  const { name, authoritative, ttl, forward_dns_servers: forwardDnsServers } = values
  const set = { name, authoritative, ttl, forwardDnsServers }
  await call.propose({ type: 'domain.update', id, set: present(set) })
  return json(renderDomainOf(call.after(), id))
}

async function setDefault(call: Call) {
  const { id } = domainOfCall(await call.state(), call)
  await call.propose({ type: 'domain.setDefault', id })
  return json(renderDomainOf(call.after(), id))
}

const SERIAL = {
  serial: integer('SOA serial; all later ones are larger.', {
    ...{ required: true, min: 1, max: SERIAL_MAX },
  }),
}

async function setSerial(call: Call, { serial = 1 }: Values<typeof SERIAL>) {
  await call.propose({ type: 'domain.setSerial', serial })
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
      taking(DOMAIN, (run) => create('admin', 'Create a domain.', run), createDomain),
      taking(
        SERIAL,
        (run) => {
          return operation(
            'POST',
            'set_serial',
            { access: 'admin', doc: 'Set the SOA serial.' },
            run,
          )
        },
        setSerial,
      ),
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
      taking(DOMAIN, (run) => update('admin', 'Change a domain.', run), updateDomain),
      remove('admin', 'Delete a domain.', async (call) => {
        const { id } = domainOfCall(await call.state(), call)
        await call.propose({ type: 'domain.delete', id })
        return NO_CONTENT
      }),
      takingNothing(
        operation(
          ...(['POST', 'set_default'] as const),
          { access: 'admin', doc: 'Make it the default domain.' },
          setDefault,
        ),
      ),
    ],
  },
]
