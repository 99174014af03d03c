// Webhook, libvirt and Proxmox: what each is asked, and what is made of the answers.
import t from 'tap'
import type { AskBmc, BmcAnswer, BmcRequest } from '#rack/power/bmc-http.ts'
import { proxmoxDriver } from '#rack/power/proxmox.ts'
import type { ToolResult, ToolRun } from '#rack/power/run-tool.ts'
import { virshDriver } from '#rack/power/virsh.ts'
import { webhookDriver } from '#rack/power/webhook.ts'

const signal = AbortSignal.timeout(60_000)

function http(answer: (request: BmcRequest) => Partial<BmcAnswer>) {
  const asked: BmcRequest[] = []
  const ask: AskBmc = async (request) => {
    asked.push(request)
    return await Promise.resolve({ status: 200, headers: {}, text: '', ...answer(request) })
  }
  return { ask, asked, lines: () => asked.map(({ method, url }) => `${method} ${url.href}`) }
}

const HOOK = {
  power_on_uri: 'https://hook.example.org/on',
  power_off_uri: 'https://hook.example.org/off',
  power_query_uri: 'https://hook.example.org/state',
}

t.test('webhook: POST, POST, GET', async (t) => {
  const { ask, asked, lines } = http(() => ({ text: '{"status":"running"}' }))
  const driver = webhookDriver(ask)
  const parameters = { ...HOOK, power_token: 'token' }
  await driver.turnOn(parameters, signal)
  await driver.turnOff(parameters, { soft: false }, signal)
  t.equal(await driver.query(parameters, signal), 'on')
  t.same(lines(), [
    'POST https://hook.example.org/on',
    'POST https://hook.example.org/off',
    'GET https://hook.example.org/state',
  ])
  t.equal(asked[0]?.headers?.['authorization'], 'Bearer token')
  t.equal(asked[0]?.verifyTls, false)
})

t.test('webhook: states by expression', async (t) => {
  const cases = [
    ['status: running', {}, 'on'],
    ['"status" : "STOPPED"', {}, 'off'],
    ['status: rebooting', {}, 'unknown'],
    ['power=1', { power_on_regex: 'power=1' }, 'on'],
    [`${' '.repeat(5_000)}status: running`, {}, 'unknown'],
  ] as const
  for (const [text, more, state] of cases) {
    const driver = webhookDriver(http(() => ({ text })).ask)
    t.equal(await driver.query({ ...HOOK, ...more }, signal), state, text.trim())
  }
})

t.test('webhook: an expression that never ends holds nobody', { timeout: 20_000 }, async (t) => {
  const driver = webhookDriver(http(() => ({ text: `${'a'.repeat(60)}!` })).ask)
  const parameters = { ...HOOK, power_on_regex: '^(a+)+$' }
  const expected = {
    code: 'settings',
    message: 'the power parameter power_on_regex takes too long',
  }
  await t.rejects(driver.query(parameters, signal), expected)
})

t.test('webhook: failures', async (t) => {
  const driver = (status: number) => webhookDriver(http(() => ({ status })).ask)
  await t.rejects(driver(401).query(HOOK, signal), { code: 'credentials' })
  await t.rejects(driver(500).query(HOOK, signal), { code: 'refused' })
  const broken = { ...HOOK, power_on_regex: '(' }
  await t.rejects(driver(200).query(broken, signal), { code: 'settings' })
  const file = { ...HOOK, power_query_uri: 'file:///etc/passwd' }
  await t.rejects(driver(200).query(file, signal), { code: 'settings' })
})

function virsh(result: Partial<ToolResult>) {
  const runs: ToolRun[] = []
  const driver = virshDriver(async (run) => {
    runs.push(run)
    return await Promise.resolve({ code: 0, stdout: '', stderr: '', ...result })
  })
  return { driver, runs }
}

const DOMAIN = { power_address: 'qemu+ssh://root@host/system', power_id: 'vm 1' }

t.test('virsh: states and words', async (t) => {
  for (const [stdout, state] of [
    ['running\n', 'on'],
    ['paused\n', 'on'],
    ['shut off\n', 'off'],
    ['in shutdown\n', 'unknown'],
  ] as const) {
    const { driver, runs } = virsh({ stdout })
    t.equal(await driver.query(DOMAIN, signal), state)
    const { power_address: uri } = DOMAIN
    t.same(runs[0]?.args, ['--quiet', '--connect', uri, 'domstate', 'vm 1'])
  }
})

t.test('virsh: what is so already is no failure', async (t) => {
  const on = virsh({ code: 1, stderr: 'error: Domain is already active\n' })
  await on.driver.turnOn(DOMAIN, signal)
  t.equal(on.runs[0]?.args.at(-2), 'start')
  const off = virsh({
    code: 1,
    stderr: 'error: Requested operation is not valid: domain is not running\n',
  })
  await off.driver.turnOff(DOMAIN, { soft: true }, signal)
  t.equal(off.runs[0]?.args.at(-2), 'shutdown')
})

t.test('virsh: failures', async (t) => {
  const away = virsh({ code: 1, stderr: 'error: failed to connect to the hypervisor\n' })
  await t.rejects(away.driver.turnOn(DOMAIN, signal), { code: 'unreachable' })
  const gone = virsh({ code: 1, stderr: "error: failed to get domain 'vm 1'\n" })
  await t.rejects(gone.driver.query(DOMAIN, signal), { code: 'refused', message: /vm 1/ })
  const { driver, runs } = virsh({})
  for (const more of [{ power_id: '--help' }, { power_address: 'x' }, { power_pass: 'secret' }]) {
    await t.rejects(driver.query({ ...DOMAIN, ...more }, signal), { code: 'settings' })
  }
  t.same(runs, [], 'and nothing ran')
})

t.test('virsh: a URI runs no program on the rack and holds no password', async (t) => {
  const { driver, runs } = virsh({ stdout: 'running' })
  for (const power_address of [
    'qemu+ext:///system',
    'qemu+ext://host/system?command=/bin/evil',
    'qemu+ssh://host/system?command=/bin/evil',
    'qemu+ssh://host/system?no_verify=1&COMMAND=/bin/evil',
    'qemu+ssh://host/system?netcat=evil',
    'qemu+ssh://host/system?proxy=netcat',
    'qemu+ssh://host/system?%63ommand=/bin/evil',
    'qemu+ssh://host/system?no_tty=1;command=/bin/evil',
    'qemu+ssh://-oProxyCommand=evil/system',
    'qemu+ssh://root:secret@host/system',
    'test:///etc/passwd',
    'qemu+ssh://host/system#command',
  ]) {
    const error = await driver.query({ ...DOMAIN, power_address }, signal).catch((e: unknown) => e)
    t.match(error, { code: 'settings' }, power_address)
    t.notMatch((error as Error).message, /secret/)
  }
  t.same(runs, [])
  for (const power_address of [
    'qemu:///system',
    'qemu+unix:///system?socket=/run/libvirt/libvirt-sock',
    'qemu+ssh://maas@host.example.org:2222/system?keyfile=/root/.ssh/id&no_verify=1',
    'qemu+ssh://root@[2001:db8::1]/system',
    'qemu+tls://host/system?no_verify=1',
    'xen://',
    'vbox:///session',
  ]) {
    await driver.query({ ...DOMAIN, power_address }, signal)
    t.equal(runs.at(-1)?.args[2], power_address)
  }
})

const PROXMOX = { power_address: 'pve.example.org', power_user: 'root@pam', power_vm_name: 'web1' }
const GUESTS = [
  { name: 'web1', vmid: 101, node: 'pve1', type: 'qemu', status: 'stopped' },
  { name: 'web2', vmid: 102, node: 'pve2', type: 'lxc', status: 'running' },
]

function proxmox(guests: readonly unknown[] = GUESTS) {
  const data = (value: unknown): Partial<BmcAnswer> => ({ text: JSON.stringify({ data: value }) })
  return http(({ url }) => {
    if (url.pathname.endsWith('/ticket')) return data({ ticket: 'T', CSRFPreventionToken: 'C' })
    if (url.pathname.endsWith('/resources')) return data(guests)
    return data({ status: 'running' })
  })
}

t.test('proxmox: with a token', async (t) => {
  const { ask, asked, lines } = proxmox()
  const parameters = { ...PROXMOX, power_token_name: 'maas', power_token_secret: 'S' }
  await proxmoxDriver(ask).turnOn(parameters, signal)
  t.same(lines(), [
    'GET https://pve.example.org:8006/api2/json/cluster/resources?type=vm',
    'POST https://pve.example.org:8006/api2/json/nodes/pve1/qemu/101/status/start',
  ])
  t.equal(asked[1]?.headers?.['authorization'], 'PVEAPIToken=root@pam!maas=S')
})

t.test('proxmox: with a password, by number, and what is so already is left', async (t) => {
  const { ask, asked, lines } = proxmox()
  const parameters = { ...PROXMOX, power_pass: 'secret', power_vm_name: '102' }
  const driver = proxmoxDriver(ask)
  await driver.turnOn(parameters, signal)
  t.equal(lines().length, 2)
  t.equal(asked[0]?.body, 'username=root%40pam&password=secret')
  t.equal(asked[1]?.headers?.['cookie'], 'PVEAuthCookie=T')
  await driver.turnOff(parameters, { soft: true }, signal)
  t.match(lines().at(-1), /nodes\/pve2\/lxc\/102\/status\/shutdown$/)
  t.equal(await driver.query(parameters, signal), 'on')
})

t.test('proxmox: failures', async (t) => {
  const parameters = { ...PROXMOX, power_pass: 'secret' }
  const none = proxmoxDriver(proxmox([]).ask)
  await t.rejects(none.query(parameters, signal), {
    code: 'settings',
    message: /no virtual machine/,
  })
  const twice = proxmoxDriver(proxmox([GUESTS[0], GUESTS[0]]).ask)
  await t.rejects(twice.query(parameters, signal), { code: 'settings', message: /more than one/ })
  const odd = proxmoxDriver(
    proxmox([{ name: 'web1', vmid: '1/../..', node: 'x', type: 'qemu' }]).ask,
  )
  await t.rejects(odd.query(parameters, signal), { code: 'nonsense' })
})
