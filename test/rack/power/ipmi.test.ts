// The IPMI driver: how ipmitool is called, and what is made of what it says.
import t from 'tap'
import type { PowerFailure, PowerParameters } from '#rack/power/driver.ts'
import { ipmiDriver, ipmiSession, whyIpmiFailed } from '#rack/power/ipmi.ts'
import type { ToolResult, ToolRun } from '#rack/power/run-tool.ts'

const PLAIN = { power_address: '192.0.2.9', power_user: 'maas', power_pass: 'top secret' }
const signal = AbortSignal.timeout(60_000)

function driverThat(answers: Partial<ToolResult>) {
  const runs: ToolRun[] = []
  const driver = ipmiDriver(async (run) => {
    runs.push(run)
    return await Promise.resolve({ code: 0, stdout: '', stderr: '', ...answers })
  })
  return { driver, runs }
}

t.test('the password travels in the environment only', (t) => {
  const { args, env } = ipmiSession({ ...PLAIN, k_g: 'group key' })
  t.same(env, { IPMI_PASSWORD: 'top secret', IPMI_KGKEY: 'group key' })
  t.notMatch(args.join(' '), /secret|group key/)
  t.ok(args.includes('-E') && args.includes('-K'))
  t.end()
})

t.test('arguments by parameters', (t) => {
  const line = (more: PowerParameters): string => ipmiSession({ ...PLAIN, ...more }).args.join(' ')
  const end = '-N 5 -R 2'
  t.equal(line({}), `-I lanplus -H 192.0.2.9 -U maas -E -L OPERATOR -C 3 ${end}`)
  t.equal(
    line({ power_driver: 'LAN', privilege_level: 'ADMIN' }),
    `-I lan -H 192.0.2.9 -U maas -E -L ADMINISTRATOR ${end}`,
  )
  t.match(line({ power_address: 'bmc1.example.org:9001' }), /-H bmc1.example.org -p 9001 /)
  t.match(line({ power_address: '[2001:db8::9]:623' }), /-H 2001:db8::9 -p 623 /)
  t.match(line({ cipher_suite_id: '17' }), / -C 17 /)
  t.notMatch(line({ cipher_suite_id: '' }), / -C /)
  t.match(line({ workaround_flags: 'opensesspriv,intel20' }), / -o intelplus /)
  t.notMatch(line({ power_user: '' }), / -U /)
  t.end()
})

t.test('parameters that cannot work are refused before anything runs', (t) => {
  const cases: readonly PowerParameters[] = [
    { power_address: '' },
    { power_address: '-v' },
    { power_address: '192.0.2.9; reboot' },
    { power_address: '192.0.2.9:99999' },
    { power_address: '192.0.2.9:0' },
    { power_address: '[192.0.2.9]:1' },
    { cipher_suite_id: '3 -v' },
    { k_g: '0x00ff' },
  ]
  for (const more of cases) {
    t.throws(() => ipmiSession({ ...PLAIN, ...more }), { code: 'settings' }, JSON.stringify(more))
  }
  t.end()
})

t.test('commands', async (t) => {
  const { driver, runs } = driverThat({ stdout: 'Chassis Power is off\n' })
  const words = (): string =>
    runs
      .at(-1)
      ?.args.join(' ')
      .replace(/.*-R 2 /, '') ?? ''
  t.equal(await driver.query(PLAIN, signal), 'off')
  t.equal(words(), 'chassis power status')
  await driver.bootFromNetwork?.(PLAIN, signal)
  t.equal(words(), 'chassis bootdev pxe')
  await driver.bootFromNetwork?.({ ...PLAIN, power_boot_type: 'efi' }, signal)
  t.equal(words(), 'chassis bootdev pxe options=efiboot')
  await driver.turnOn(PLAIN, signal)
  t.equal(words(), 'chassis power on')
  await driver.turnOff(PLAIN, { soft: false }, signal)
  t.equal(words(), 'chassis power off')
  await driver.turnOff(PLAIN, { soft: true }, signal)
  t.equal(words(), 'chassis power soft')
})

t.test('an answer without a state is nonsense', async (t) => {
  const { driver } = driverThat({ stdout: 'Chassis Power is maybe\n' })
  await t.rejects(driver.query(PLAIN, signal), { code: 'nonsense' })
})

t.test('what ipmitool 1.8.19 says, by code', (t) => {
  const said: readonly (readonly [string, PowerFailure['code']])[] = [
    ['Error: Unable to establish IPMI v2 / RMCP+ session\n', 'unreachable'],
    ['Address lookup for bmc9 failed\n', 'unreachable'],
    [
      '> RAKP 2 HMAC is invalid\nError: Unable to establish IPMI v2 / RMCP+ session\n',
      'credentials',
    ],
    ['RAKP 2 message indicates an error : unauthorized name\n', 'credentials'],
    ['Error in open session response message : invalid authentication algorithm\n', 'settings'],
    ['Set Session Privilege Level to ADMINISTRATOR failed: insufficient privilege\n', 'settings'],
    ['Set Chassis Power Control to Up/On failed: Node busy\n', 'refused'],
    ['', 'refused'],
  ]
  for (const [stderr, code] of said) t.equal(whyIpmiFailed(stderr).code, code, stderr)
  t.match(whyIpmiFailed(`a\n\x1b[31mb${'x'.repeat(500)}`).message, /^ipmitool: \[31mbx{1,200}$/)
  t.end()
})
