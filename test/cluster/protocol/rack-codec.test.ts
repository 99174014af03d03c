// Every rack ⇄ region message survives the wire; what a rack sends enters the log clean or not at all.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { encode } from '#protocol/codec.ts'
import { decodeRackToRegion, decodeRegionToRack, encodeRackMessage } from '#protocol/rack-codec.ts'
import { rackToRegion, regionToRack } from '#test/support/protocol-arbitraries.ts'

t.test('every message of a rack decodes to itself', async (t) => {
  fc.assert(
    fc.property(rackToRegion, (message) => {
      const back = decodeRackToRegion(new Uint8Array(encodeRackMessage(message)))
      if (!isDeepStrictEqual(back, [message])) throw new Error('not the same')
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('every message of a region decodes to itself', async (t) => {
  fc.assert(
    fc.property(regionToRack, (message) => {
      const back = decodeRegionToRack(new Uint8Array(encodeRackMessage(message)))
      if (!isDeepStrictEqual(back, [message])) throw new Error('not the same')
    }),
    { numRuns: 300 },
  )
  t.pass()
})

const bind = {
  type: 'lease.bind',
  rackId: 'abc123',
  client: '1-00163e000001',
  mac: '00:16:3e:00:00:01',
  ip: 0x0a000005,
  leaseSeconds: 600,
  kind: 'selecting',
  hostname: '',
}
const powerReport = {
  ...{ type: 'power.report', rackId: 'abc123', systemId: 'def456', token: 7, result: 'done' },
  ...{ state: 'on', message: '' },
}
const hello = (otherAddresses: readonly unknown[]) => ({
  ...{ type: 'hello', viewRevision: 0 },
  register: {
    ...{ systemId: 'abc123', hostname: 'rack', version: '1', architecture: 'amd64/generic' },
    ...{ cpuCount: 1, memoryMib: 1, interfaces: [], otherAddresses },
  },
})
const request = (command: unknown) => ({ type: 'request', id: 1, command })

t.test('fields that the command does not have do not reach the log', async (t) => {
  const bytes = encode(request({ ...bind, isAdmin: true, __proto__: { evil: 1 } }))
  t.strictSame(decodeRackToRegion(bytes), [request(bind)])
})

const neighbour = { vlanId: 5001, ip: 0x0a000005, mac: '00:16:3e:00:00:01' }
const report = (...neighbours: readonly unknown[]) =>
  request({ type: 'neighbour.report', rackId: 'abc123', neighbours })

t.test('neighbours are rebuilt field by field', async (t) => {
  const bytes = encode(report({ ...neighbour, isAdmin: true }))
  t.strictSame(decodeRackToRegion(bytes), [report(neighbour)])
})

const malformed: readonly { readonly name: string; readonly value: unknown }[] = [
  {
    name: 'a command that is none of a rack',
    value: request({ type: 'user.delete', username: 'x' }),
  },
  { name: 'a command with an inherited name', value: request({ type: 'constructor' }) },
  { name: 'an address that is a text', value: request({ ...bind, ip: '10.0.0.5' }) },
  { name: 'an address past IPv4', value: request({ ...bind, ip: 2 ** 32 }) },
  { name: 'a lease time below zero', value: request({ ...bind, leaseSeconds: -1 }) },
  { name: 'an unknown kind of bind', value: request({ ...bind, kind: 'stealing' }) },
  { name: 'a client that is missing', value: request({ ...bind, client: undefined }) },
  {
    name: 'an unknown event level',
    value: request({
      type: 'event.record',
      systemId: null,
      username: '',
      level: 'FATAL',
      eventType: '',
      description: '',
    }),
  },
  { name: 'power in an unknown state', value: request({ ...powerReport, state: 'asleep' }) },
  { name: 'an unknown result', value: request({ ...powerReport, result: 'perhaps' }) },
  { name: 'a long message', value: request({ ...powerReport, message: 'x'.repeat(2_000) }) },
  { name: 'a token below zero', value: request({ ...powerReport, token: -1 }) },
  {
    name: 'a hello of too many addresses',
    value: hello(Array.from({ length: 1_025 }, () => '10.9.0.2')),
  },
  { name: 'a hello of addresses that are no texts', value: hello([7]) },
  { name: 'a hello without interfaces', value: { type: 'hello', register: {}, viewRevision: 0 } },
  { name: 'a neighbour without a MAC', value: report({ ...neighbour, mac: 'x' }) },
  { name: 'a neighbour past IPv4', value: report({ ...neighbour, ip: 2 ** 32 }) },
  { name: 'too many neighbours', value: report(...Array<unknown>(257).fill(neighbour)) },
  { name: 'an unknown message', value: { type: 'goodbye' } },
]
for (const c of malformed) {
  t.test(`${c.name} is refused as PROTOCOL`, async (t) => {
    t.throws(() => decodeRackToRegion(encode(c.value)), { code: 'PROTOCOL' })
  })
}

t.test('a view change that is no map is refused by the rack', async (t) => {
  const message = { type: 'viewChanges', revision: 1, stamp: 1, changes: [7] }
  t.throws(() => decodeRegionToRack(encode(message)), { code: 'PROTOCOL' })
})
