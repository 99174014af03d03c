// Whose word about the machine counts: a rack's, from whatever address of its host it speaks.
import t from 'tap'
import type { Context } from 'koa'
import { clientAddressOf, clientAddressText } from '#api/client-address.ts'
import { metadataUrlOf, originsOf } from '#api/metadata/origins.ts'
import { NETWORK_LEVEL } from '#model/feature-level.ts'
import { formatIp } from '#model/ip.ts'
import { makeLab, RACK, registerRack } from '#test/support/region-state.ts'

const HEADERS: Readonly<Record<string, string>> = {
  'x-forwarded-for': '198.51.100.1, 10.0.0.9',
  'x-forwarded-host': '10.0.0.2:5248',
}

function from(remoteAddress: string): Context {
  const get = (name: string): string => HEADERS[name] ?? ''
  const parts = { get, req: { socket: { remoteAddress } }, protocol: 'http', host: 'region:5240' }
  return parts as unknown as Context
}

t.test('a rack is believed from every address of its host, and nobody else', async (t) => {
  const lab = makeLab()
  lab.ok({ type: 'cluster.raiseLevel', level: NETWORK_LEVEL })
  lab.ok({ ...registerRack(RACK, ['10.0.0.2/24']), otherAddresses: ['10.9.0.2'] })
  for (const address of ['10.0.0.2', '10.9.0.2', '::ffff:10.9.0.2', '127.0.0.1', '::1']) {
    t.equal(formatIp(clientAddressOf(lab.state, from(address)) ?? (0 as never)), '10.0.0.9')
    t.equal(
      metadataUrlOf(originsOf(lab.state, from(address))),
      'http://10.0.0.2:5248/MAAS/metadata/',
    )
    t.equal(clientAddressText(lab.state, from(address)), '10.0.0.9')
    t.ok(originsOf(lab.state, from(address))[0]?.isRack, address)
  }
  for (const address of ['10.9.0.3', '10.0.0.9']) {
    t.equal(formatIp(clientAddressOf(lab.state, from(address)) ?? (0 as never)), address)
    t.equal(metadataUrlOf(originsOf(lab.state, from(address))), 'http://region:5240/MAAS/metadata/')
    t.equal(clientAddressText(lab.state, from(address)), address)
    t.notOk(originsOf(lab.state, from(address))[0]?.isRack, address)
  }
})
