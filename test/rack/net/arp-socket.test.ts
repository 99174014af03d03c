// The socket's refusals; a real machine answers in the second tier (`test/lab/address-in-use.test.ts`).
import t from 'tap'
import { openSockets } from '#rack/net/sockets.ts'
import { mac, recordingLogger } from '#test/rack/dhcp/world.ts'

const options = {
  interfaceIndex: 999_999,
  mac: mac('52:54:00:ff:ff:01'),
  onSender: () => {},
  onError: () => {},
}

for (const backend of ['ffi', 'koffi'] as const) {
  t.test(`${backend}: an unknown interface or a missing right is a typed error`, async (t) => {
    const sockets = await openSockets({ only: backend, logger: recordingLogger() })
    const code = process.getuid?.() === 0 ? 'ENODEV' : 'EPERM'
    t.throws(() => sockets.openArp(options), { code })
  })
}

t.test('without FFI there is none', async (t) => {
  const sockets = await openSockets({ only: 'dgram', logger: recordingLogger() })
  t.equal(sockets.openArp(options), undefined)
})
