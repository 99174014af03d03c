// The socket's refusals; a real solicitation is answered in the second tier (needs an interface).
import t from 'tap'
import type { Logger } from '#model/ports.ts'
import { openSockets } from '#rack/net/sockets.ts'

const quiet: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => quiet,
}

for (const backend of ['ffi', 'koffi'] as const) {
  t.test(`${backend}: an unknown device or a missing right is a typed error`, async (t) => {
    const sockets = await openSockets({ only: backend, logger: quiet })
    const code = process.getuid?.() === 0 ? 'ENODEV' : 'EPERM'
    const options = { device: 'no-such-device', interfaceIndex: 999_999 }
    t.throws(() => sockets.openIcmpv6(options), { code })
  })
}
