// Names as clients send them, made into one label (RFC 952, RFC 1123 §2.1).
import t from 'tap'
import { clientHostname } from '#rack/dhcp/hostname.ts'
import { OPTION } from '#rack/dhcp/options.ts'
import { request } from './world.ts'

const cases: [string, string][] = [
  ['node-7', 'node-7'],
  ['NODE.example.org', 'node'],
  ['my laptop_2', 'mylaptop2'],
  ['-x-', 'x'],
  ['name\u0000', 'name'],
  ['\u00e9\u00ff', ''],
  ['...', ''],
  ['a'.repeat(80), 'a'.repeat(63)],
]
for (const [sent, name] of cases) {
  t.test(`${JSON.stringify(sent)} becomes ${JSON.stringify(name)}`, async (t) => {
    const options = [[OPTION.HOST_NAME, Buffer.from(sent, 'latin1')] as const]
    t.equal(clientHostname(request('DHCPDISCOVER', { options })), name)
  })
}

t.test('no option 12: no name', async (t) => {
  t.equal(clientHostname(request('DHCPDISCOVER')), '')
})
