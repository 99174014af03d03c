// The inventory of an enlisting machine: hostile until shown otherwise.
import t from 'tap'
import { parseHardware } from '#api/hardware-report.ts'

t.test('what the agent sends is kept', async (t) => {
  const report = parseHardware(
    JSON.stringify({
      firmware: 'bios',
      uuid: '4C4C4544-0042-3010-8046-B9C04F4D3132',
      cpu: { count: 2, model: 'x', mhz: 2400 },
      memory_mib: 512,
      dmi: { sys_vendor: 'V', product_serial: 'S' },
      nics: [
        {
          name: 'eth0',
          mac: 'AA:BB:CC:00:00:02',
          driver: 'e1000',
          carrier: 1,
          speed: 1000,
          ip: '10.0.0.5',
        },
      ],
      disks: [
        { name: 'vda', size_bytes: 1024, model: 'm', serial: 's', rotational: 1, block_size: 4096 },
      ],
    }),
  )
  t.match(report, {
    biosBootMethod: 'pxe',
    hardwareUuid: '4c4c4544-0042-3010-8046-b9c04f4d3132',
    cpuCount: 2,
    cpuSpeedMhz: 2400,
    memoryMib: 512,
    facts: { cpuModel: 'x', systemVendor: 'V', systemSerial: 'S', firmwareDate: '' },
    interfaces: [
      { name: 'eth0', mac: 'aa:bb:cc:00:00:02', linkConnected: true, linkSpeedMbps: 1000 },
    ],
    blockDevices: [{ name: 'vda', sizeBytes: 1024, blockSizeBytes: 4096, tags: ['rotary'] }],
  })
})

const NOTHING = { cpuCount: 0, memoryMib: 0, hardwareUuid: null, interfaces: [], blockDevices: [] }
const STRANGE = [
  '{}',
  '{"cpu":null,"dmi":[],"nics":{},"disks":"x","uuid":{}}',
  '{"cpu":{"count":-1},"memory_mib":1e300,"uuid":"x"}',
  '{"nics":[null,1,[],{"mac":"ff:ff:ff:ff:ff:ff"},{"mac":"00:00:00:00:00:00"},{"mac":{}}]}',
  '{"disks":[{"name":"../x","size_bytes":5},{"name":"vda"},{"name":"vdb","size_bytes":-5}]}',
]
t.test('strange parts become unknown', async (t) => {
  for (const text of STRANGE) t.match(parseHardware(text), NOTHING, text)
})

t.test('texts are cut and lose their control characters', async (t) => {
  const dmi = { sys_vendor: `a\u0000\u001b[31mb\n${'x'.repeat(999)}` }
  const report = parseHardware(JSON.stringify({ dmi }))
  const vendor = report?.facts.systemVendor ?? ''
  t.equal(vendor.length, 256)
  t.notMatch(vendor, /\p{C}/u)
})

t.test('lists are cut', async (t) => {
  const nics = Array.from({ length: 500 }, (_, i) => ({
    mac: `aa:bb:cc:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
  }))
  t.equal(parseHardware(JSON.stringify({ nics }))?.interfaces.length, 64)
})

t.test('only what is no JSON object is refused', async (t) => {
  for (const text of ['', '[', '[]', 'null', '1', '"x"']) t.equal(parseHardware(text), undefined)
})
