// dnsresourcerecords/: records besides addresses (maas-api §9).
import { isRecordType, RECORD_TYPES, type DnsRecord } from '#model/dns.ts'
import type { DnsRecordId } from '#model/ids.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { notFound, Rejection } from '../errors.ts'
import { Form } from '../input.ts'
import { mandatory, text } from '../params.ts'
import { renderDnsRecord } from '../render/dns.ts'
import { create, read, remove, taking, update, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { OWNER_NAME, requiredOwnerName, resourceFilter } from './dns-names.ts'
import { ttlField, ttlParam } from './domains.ts'
import { present } from './fabrics.ts'

const RRDATA_MAX = 8_192

function recordOf(state: RegionState, call: Call): DnsRecord {
  const id = parseId(call.param('id'))
  const record = id === null ? undefined : state.dnsRecords.get(id as DnsRecordId)
  if (record === undefined) throw notFound('DNSData')
  return record
}

function renderRecordOf(state: RegionState, id: DnsRecordId) {
  const record = state.dnsRecords.get(id)
  return record === undefined ? { id } : renderDnsRecord(state, record)
}

async function listRecords(call: Call) {
  const state = await call.state()
  const isWanted = resourceFilter(state, call)
  const rrtype = call.input.text('rrtype')?.toUpperCase()
  const rows = [...state.dnsRecords.values()].filter((record) => {
    const resource = state.dnsResources.get(record.resourceId)
    if (resource === undefined || !isWanted(resource)) return false
    return rrtype === undefined || record.rrtype === rrtype
  })
  return jsonList(rows, (record) => renderDnsRecord(state, record))
}

function typeField(form: Form) {
  const given = form.text('rrtype')?.trim().toUpperCase()
  if (given === undefined) return undefined
  if (isRecordType(given)) return given
  return form.report('rrtype', `${given.slice(0, 32)} is not one of ${RECORD_TYPES.join(', ')}.`)
}

function recordFields(form: Form) {
  return {
    rrtype: typeField(form),
    rrdata: form.text('rrdata', { max: RRDATA_MAX })?.trim(),
    ttl: ttlField(form, 'ttl'),
  }
}

const TYPE = text(`Type of the record: ${RECORD_TYPES.join(', ')}.`, { max: 32 })
const TTL = ttlParam('Seconds; empty: that of the domain.')
const DATA = text('Its data, as in a zone file.', { max: RRDATA_MAX })
const RECORD = { ...OWNER_NAME, rrtype: mandatory(TYPE), rrdata: mandatory(DATA), ttl: TTL }
const CHANGED = { rrtype: TYPE, rrdata: DATA, ttl: TTL }
const LISTED = { ...OWNER_NAME, rrtype: text('Only those of this type.', { max: 32 }) }

function expectText(call: Call, name: string): void {
  if ((call.input.text(name)?.trim() ?? '') !== '') return
  throw new Rejection('BAD_REQUEST', `${name} must be provided.`)
}

async function createRecord(call: Call) {
  const state = await call.state()
  const { domain, name } = requiredOwnerName(state, call)
  expectText(call, 'rrtype')
  expectText(call, 'rrdata')
  const form = new Form(call.input)
  const { rrtype, rrdata = '', ttl = null } = recordFields(form)
  form.check()
  if (rrtype === undefined) throw notFound('DNSData')
  const { id } = await call.propose({
    type: 'dnsRecord.create',
    ...{ domainId: domain.id, name, ttl, rrtype, rrdata },
  })
  return json(renderRecordOf(call.after(), id))
}

async function updateRecord(call: Call) {
  const { id } = recordOf(await call.state(), call)
  const form = new Form(call.input)
  const set = recordFields(form)
  form.check()
  await call.propose({ type: 'dnsRecord.update', id, set: present(set) })
  return json(renderRecordOf(call.after(), id))
}

export const DNS_RECORDS: readonly Resource[] = [
  {
    name: 'DNSResourceRecordsHandler',
    path: 'dnsresourcerecords/',
    doc: 'Manage DNS records.',
    actions: [
      taking(LISTED, (run) => read('user', 'List DNS records.', run), listRecords),
      taking(RECORD, (run) => create('admin', 'Create a DNS record.', run), createRecord),
    ],
  },
  {
    name: 'DNSResourceRecordHandler',
    path: 'dnsresourcerecords/{id}/',
    doc: 'Manage one DNS record.',
    actions: [
      read('user', 'Show a DNS record.', async (call) => {
        const state = await call.state()
        return json(renderDnsRecord(state, recordOf(state, call)))
      }),
      taking(CHANGED, (run) => update('admin', 'Change a DNS record.', run), updateRecord),
      remove('admin', 'Delete a DNS record.', async (call) => {
        const { id } = recordOf(await call.state(), call)
        await call.propose({ type: 'dnsRecord.delete', id })
        return NO_CONTENT
      }),
    ],
  },
]
