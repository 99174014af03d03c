import t from 'tap'
import { CONFIG_KEYS, configOf } from '#state/config-keys.ts'
import { SETTING_DEFAULTS } from '#state/settings.ts'
import type { SettingValue } from '#state/tables.ts'
import { makeLab } from '#test/support/region-state.ts'

t.test('every default is a legal value, and the older command has the same ones', async (t) => {
  const lab = makeLab()
  for (const [name, { standard }] of Object.entries(CONFIG_KEYS)) {
    t.ok(lab.run({ type: 'config.put', name, value: standard }).outcome.ok, name)
  }
  for (const [name, value] of Object.entries(SETTING_DEFAULTS)) {
    t.equal(CONFIG_KEYS[name]?.standard, value, name)
  }
})

const BAD: readonly (readonly [string, SettingValue])[] = [
  ...([
    ['node_timeout', 0],
    ['node_timeout', '30'],
    ['node_timeout', 1.5],
  ] as const),
  ...([
    ['enable_http_proxy', 'true'],
    ['dnssec_validation', 'maybe'],
    ['theme', 7],
  ] as const),
  ...([
    ['http_proxy', 'not a url'],
    ['upstream_dns', '192.0.2.1 nobody'],
    ['maas_name', ' x'],
  ] as const),
  ...([
    ['ntp_servers', 'a_b'],
    ['dns_trusted_acl', '192.0.2.0/33'],
    ['remote_syslog', 'a b'],
  ] as const),
  ...([
    ['hardware_sync_interval', 'soon'],
    ['kernel_opts', 'x'.repeat(4_097)],
  ] as const),
  ...([
    ['dhcp_lease_seconds', 9],
    ['toString', 'x'],
    ['uuid', 'x'],
  ] as const),
]
t.test('what does not fit is refused', async (t) => {
  const lab = makeLab()
  const before = lab.state.settings.size
  for (const [name, value] of BAD) {
    const { outcome } = lab.run({ type: 'config.put', name, value })
    t.match(outcome, { ok: false, code: 'VALIDATION' }, `${name}=${String(value).slice(0, 20)}`)
  }
  t.equal(lab.state.settings.size, before)
})

t.test('what fits is kept; null brings the default back', async (t) => {
  const lab = makeLab()
  const put = (name: string, value: SettingValue) =>
    t.ok(lab.run({ type: 'config.put', name, value }).outcome.ok, `${name}=${value}`)
  put('ntp_servers', 'ntp.example.org, 192.0.2.1 2001:db8::1')
  put('dns_trusted_acl', '192.0.2.0/24 2001:db8::/32')
  put('upstream_dns', '192.0.2.53')
  put('remote_syslog', '[2001:db8::1]:514')
  put('http_proxy', 'http://proxy.example:3128/')
  put('node_timeout', 45)
  t.equal(configOf(lab.state, 'node_timeout'), 45)
  put('node_timeout', null)
  t.equal(configOf(lab.state, 'node_timeout'), 30)
  t.equal(configOf(lab.state, 'no such'), null)
})
