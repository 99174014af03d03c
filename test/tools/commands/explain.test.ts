// `explain` and `dhcp-options` against a real API over the memory region.
import t, { type Test } from 'tap'
import { ADMIN } from '#test/api/support/api.ts'
import { startSite } from '#test/api/support/site.ts'
import { fakeIo } from '#test/support/fake-io.ts'
import { main } from '#tools/main.ts'

async function makeLab(t: Test) {
  const api = await startSite(t)
  const env = {
    IRONRAFT_ENDPOINT: api.url,
    IRONRAFT_API_KEY: `${ADMIN.consumerKey}:${ADMIN.tokenKey}:${ADMIN.tokenSecret}`,
  }
  return async (...words: string[]): Promise<string> => {
    const io = fakeIo(env)
    t.equal(await main(words, io), 0, `${words.join(' ')}: ${io.complained.join()}`)
    return io.printed.join('\n')
  }
}

t.test('an option is set, explained, and set no more', async (t) => {
  const run = await makeLab(t)
  t.match(
    await run('dhcp-options', 'set', 'subnet:1', 'domain-search', 'a.example'),
    /119 +domain-search/,
  )
  await run('dhcp-options', 'set', 'global', '224', '01:02', '--type', 'hex', '--force')
  t.match(await run('dhcp-options', 'list', '--scope', 'global'), /global +224 +- +hex +0102 +yes/)
  const words = ['explain', 'dhcp', '52:54:00:00:00:01', '--vlan', '5001']
  const told = await run(...words, '--client', 'pxe', '--architecture', '7')
  t.match(told, /^answer: offer\n- The client is on VLAN/)
  t.match(told, /\naddress: 192\.0\.2\.1\d\d for 30 s\nboot file: snponly\.efi from 192\.0\.2\.2\n/)
  t.match(told, /\n119 +domain-search .* subnet +option of subnet:1\n/)
  t.match(JSON.parse(await run(...words, '--json')), { answer: 'offer', rack: 'rack01' })
  await run('dhcp-options', 'delete', 'subnet:1', '119')
  t.notMatch(await run('dhcp-options', 'list'), /domain-search/)
})

t.test('an address and a name are explained', async (t) => {
  const run = await makeLab(t)
  t.match(await run('explain', 'address', '192.0.2.1'), /kept_as: "?the gateway of subnet/)
  t.match(
    await run('explain', 'name', 'nobody.maas'),
    /^answer: nxdomain\n- nobody\.maas is in zone maas\./,
  )
  t.match(JSON.parse(await run('explain', 'name', 'maas', '--type', 'SOA', '--json')), {
    answer: 'records',
  })
})
