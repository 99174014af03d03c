// The built-in script that makes a user in the machine's own BMC, by the shells of this host, with an ipmitool of ours in
// front of the PATH. The places that it looks at are replaced in its text, so that it cannot reach a BMC of this host.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { BMC_SCRIPT } from '#model/builtin-scripts.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

t.setTimeout(120_000)

const TEXT = readFileSync(
  join(import.meta.dirname, '../../../api/metadata/scripts', BMC_SCRIPT),
  'utf8',
)
const SHELLS = ['dash', 'busybox', 'bash'].filter(
  (shell) => spawnSync(shell, shell === 'busybox' ? ['--help'] : ['-c', ':']).status === 0,
)

/** Its users are lines `ID,NAME,callin,link,ipmi,PRIVILEGE` of a file; `BREAK` is a command that goes wrong, `HOW` is how. */
const IPMITOOL = String.raw`
users=$STAGE/users
words="$*"
[ "$1" != exec ] || words=$(cat "$2")
echo "$*" >>"$STAGE/arguments"
echo "$words" >>"$STAGE/commands"
set -- $words
case $words in
  $BREAK)
    case $HOW in
      hang) exec sleep 60 ;;
      lie) exit 0 ;;
      flood) exec cat /dev/zero ;;
      *) echo "$HOW"; exit 1 ;;
    esac ;;
esac
change() {
  awk -F, -v OFS=, -v id="$1" -v at="$2" -v to="$3" '$1 == id { $at = to } 1' "$users" >"$users.new"
  mv "$users.new" "$users"
}
case $words in
  'lan print '*) cat "$STAGE/lan$3" 2>/dev/null ;;
  '-c user list '*) cat "$users" ;;
  'user set name '*)
    case " $FIXED " in *" $4 "*) exit 1 ;; esac
    change "$4" 2 "$5" ;;
  'user set password '*) echo "$5" >"$STAGE/password$4"; echo "password $5 set" ;;
  'user test '*) [ "$5" = "$(cat "$STAGE/password$3")" ] && echo Success ;;
  'user enable '* | 'user disable '* | 'lan set '*) ;;
  'channel setaccess '*)
    level=$(echo "$8" | sed 's/privilege=4/ADMINISTRATOR/; s/privilege=3/OPERATOR/')
    change "$4" 5 true; change "$4" 6 "$level" ;;
  'channel getaccess '*)
    awk -F, -v id="$4" '$1 == id {
      print "User Name            : " $2
      print "IPMI Messaging       : " ($5 == "true" ? "enabled" : "disabled")
      print "Privilege Level      : " $6
      print "Enable Status        : unknown" }' "$users" ;;
  *) echo "unknown: $words" >&2; exit 1 ;;
esac
`

const LAN = [
  'Set in Progress         : Set Complete',
  'IP Address Source       : DHCP Address',
  'IP Address              : 203.0.113.7',
  'MAC Address             : 02:00:00:00:00:AA',
  'RMCP+ Cipher Suites     : 1,2,3,17',
  'Cipher Suite Priv Max   : XXaa',
].join('\n')
const NOBODY = '1,,true,false,false,USER\n2,root,true,true,true,ADMINISTRATOR\n'
const FREE = `${NOBODY}3,,true,false,true,USER\n4,,true,false,false,Unknown (0x00)\n`
const OWN = `${FREE}5,maas,true,false,false,NO ACCESS\n`

type World = {
  readonly shell?: string
  readonly users?: string
  readonly lan?: Readonly<Record<number, string>>
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly isVirtual?: boolean
  readonly device?: boolean
  readonly cmdline?: string
  readonly efi?: boolean
  readonly callSeconds?: number
}

async function configure(t: Test, world: World = {}) {
  const stage = await temporaryDirectory(t)
  const { shell = 'dash', users = FREE, lan = { 1: LAN }, args = [], env = {} } = world
  const { isVirtual = false, device = true, cmdline = 'cloud-config-url=x', efi = true } = world
  const { callSeconds = 20 } = world
  const bin = join(stage, 'bin')
  for (const folder of ['bin', ...(efi ? ['efi'] : []), 'downloads']) mkdirSync(join(stage, folder))
  const put = (name: string, text: string) => writeFileSync(join(stage, name), text)
  const tool = (name: string, text: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}`, { mode: 0o755 })
  tool('ipmitool', IPMITOOL)
  tool('modprobe', 'exit 0')
  // Only the BMC that hangs takes its time.
  tool('sleep', '[ "$1" = 60 ] && exec /bin/sleep 60; exit 0')
  tool('systemd-detect-virt', `exit ${isVirtual ? 0 : 1}`)
  put('users', users)
  put('cmdline', cmdline)
  if (device) put('ipmi0', '')
  for (const [channel, text] of Object.entries(lan)) put(`lan${channel}`, `${text}\n`)
  const places = { '/dev/ipmi0': 'ipmi0', '/proc/cmdline': 'cmdline', '/sys/firmware/efi': 'efi' }
  let text = TEXT.replace('CALL_SECONDS=20', `CALL_SECONDS=${callSeconds}`)
  for (const [from, to] of Object.entries(places)) text = text.replaceAll(from, join(stage, to))
  // Twice over: the real places are nowhere in what runs.
  if (/\/dev\/ipmi|\/proc\/cmdline/.test(text)) throw new Error('not replaced')
  put('script', text)
  const first = shell === 'busybox' ? ['sh'] : []
  const config = join(stage, 'bmc')
  const run = spawnSync(shell, [...first, join(stage, 'script'), ...args], {
    ...{ encoding: 'utf8', timeout: 30_000, cwd: stage },
    env: {
      ...{ PATH: `${bin}:${process.env['PATH']}`, STAGE: stage, BMC_CONFIG_PATH: config },
      ...{ BREAK: '', HOW: '', FIXED: '', DOWNLOAD_PATH: join(stage, 'downloads'), ...env },
    },
  })
  const read = (name: string) =>
    existsSync(join(stage, name)) ? readFileSync(join(stage, name), 'utf8') : ''
  const output = `${run.stdout}${run.stderr}`
  const found = Object.fromEntries(
    read('bmc')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(': ')),
  ) as Record<string, string>
  return { status: run.status, output, found, read, stage }
}
type Done = Awaited<ReturnType<typeof configure>>

/** No password in what is stored and shown, in an argument, or in a file that is left. */
function keepsSecret(t: Test, { output, read, stage }: Done, id: number) {
  const password = read(`password${id}`).trim()
  t.match(password, /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9]{16}$/)
  t.notOk(output.includes(password), 'the output')
  t.notOk(read('arguments').includes(password), 'arguments of processes')
  t.equal(spawnSync('ls', ['-A', join(stage, 'downloads')]).stdout.toString(), '')
  return password
}
const isUntouched = (t: Test, { found, read }: Done, users = FREE) => {
  t.same(found, {})
  t.equal(read('users'), users)
  t.notMatch(read('commands'), /set|enable|exec/)
}

for (const shell of SHELLS) {
  t.test(`the first free slot gets a user, which is reported, by ${shell}`, async (t) => {
    const done = await configure(t, { shell, args: ['--user=maas', '--workarounds=a,b'] })
    t.equal(done.status, 0, done.output)
    const password = keepsSecret(t, done, 4)
    t.same(done.found, {
      ...{ power_type: 'ipmi', power_driver: 'LAN_2_0', power_address: '203.0.113.7' },
      ...{ power_user: 'maas', power_pass: password, power_boot_type: 'efi' },
      ...{ cipher_suite_id: '3', privilege_level: 'ADMIN', workaround_flags: 'a,b' },
      mac_address: '02:00:00:00:00:aa',
    })
    t.match(done.read('users'), /^4,maas,true,false,true,ADMINISTRATOR$/m)
    t.match(done.read('users'), /^3,,true,false,true,USER$/m, 'who logs in without a name stays')
    t.match(done.read('commands'), /^user enable 4$/m)
  })
}

t.test('our own slot is used again, with another password', async (t) => {
  const done = await configure(t, { users: OWN, efi: false, args: ['--privilege=OPERATOR'] })
  t.equal(done.status, 0, done.output)
  const first = keepsSecret(t, done, 5)
  t.match(done.read('users'), /^5,maas,true,false,true,OPERATOR$/m)
  t.match(done.found, { power_boot_type: 'auto', privilege_level: 'OPERATOR' })
  t.not(keepsSecret(t, await configure(t, { users: OWN }), 5), first)
})

for (const env of [{ FIXED: '4' }, { BREAK: 'user set name 4*', HOW: 'lie' }]) {
  t.test(`a slot whose name stays is left for the next, ${Object.keys(env)[0]}`, async (t) => {
    const users = `${FREE}5,(Empty User),true,false,false,NO ACCESS\n`
    const done = await configure(t, { users, env })
    t.equal(done.status, 0, done.output)
    keepsSecret(t, done, 5)
  })
}

const NOTHING: readonly (readonly [string, World, RegExp])[] = [
  ['no BMC', { device: false }, /There is no BMC/],
  ['a virtual machine', { isVirtual: true }, /virtual machine/],
  ['power settings of an operator', { args: ['--user=maas', '--keep'] }, /has power settings/],
  ['a system that was booted for something else', { cmdline: 'quiet' }, /not booted/],
  ['nobody who takes what is found', { env: { BMC_CONFIG_PATH: '' } }, /Nobody here/],
  ['no LAN channel', { lan: {} }, /it has no LAN channel/],
  [
    ...(['no lease', { lan: { 1: LAN.replace('203.0.113.7', '0.0.0.0') } }] as const),
    /channel 1: '0.0.0.0' \(DHCP Address\)/,
  ],
]
for (const [name, world, why] of NOTHING) {
  t.test(`nothing is done, and all is well, with ${name}`, async (t) => {
    const done = await configure(t, world)
    t.match(done.output, why)
    t.equal(done.status, 0)
    isUntouched(t, done)
  })
}

t.test('the first channel with an address is taken', async (t) => {
  const lan = { 2: LAN.replace('203.0.113.7', '0.0.0.0'), 8: LAN }
  const done = await configure(t, { lan })
  t.equal(done.status, 0, done.output)
  t.match(done.read('commands'), /^channel setaccess 8 4 /m)
})

const SUITES: readonly (readonly [string, string, string, string])[] = [
  ['3', '1,2,3,17', 'XXaa', '3'],
  ['3', '3,17', 'Xa', '17'],
  ['12', '3,17', 'aa', '17'],
  ['17', '1,3', 'aa', '3'],
  ['3', '0,1', 'aa', ''],
  ['', '3,17', 'aa', ''],
  ['8', '', '', '8'],
  ['3', 'None', 'Not Available', '3'],
]
for (const [wanted, has, rights, cipher] of SUITES) {
  t.test(`of suites ${has} (${rights}), ${wanted} wanted, it is '${cipher}'`, async (t) => {
    const text = LAN.replace('1,2,3,17', has).replace('XXaa', rights)
    const { found } = await configure(t, { lan: { 1: text }, args: [`--cipher=${wanted}`] })
    t.equal(found['cipher_suite_id'] ?? '', cipher)
    t.equal(found['power_type'], 'ipmi')
  })
}

t.test('where all slots are taken it fails, and takes none', async (t) => {
  const users = `${NOBODY}3,ops,true,false,false,USER\n`
  const done = await configure(t, { users })
  t.equal(done.status, 1)
  t.match(done.output, /no free slot/)
  isUntouched(t, done, users)
})

const BROKEN: readonly (readonly [string, RegExp])[] = [
  ['-c user list*', /does not list/],
  ['channel setaccess*', /no access/],
  ['user set password*', /does not take the password/],
  ['user enable*', /does not enable/],
  ['user test*', /does not know the password/],
]
for (const [command, why] of BROKEN) {
  for (const how of ['oops $(touch owned); `touch owned`', 'hang', 'flood']) {
    t.test(`${command} that ends with ${how} fails, reports nothing and closes it`, async (t) => {
      const done = await configure(t, {
        ...{ env: { BREAK: command, HOW: how }, callSeconds: how === 'hang' ? 2 : 20 },
      })
      t.equal(done.status, 1)
      t.match(done.output, how === 'hang' ? /had no answer in 2 s/ : why)
      t.same(done.found, {})
      t.notOk(existsSync(join(done.stage, 'owned')))
      const isMade = !command.startsWith('-c')
      t.equal(/^user disable 4$/m.test(done.read('commands')), isMade)
      t.notMatch(done.output, /[A-Za-z0-9]{16}/, 'no password, and nothing of what was said')
    })
  }
}

for (const command of [
  'user set name*',
  'channel setaccess*',
  'user set password*',
  'user test*',
]) {
  t.test(`${command} that only says it was done is found out`, async (t) => {
    const done = await configure(t, { env: { BREAK: command, HOW: 'lie' } })
    t.equal(done.status, 1)
    t.same(done.found, {})
  })
}

t.test('a privilege that stays as it was is found out', async (t) => {
  const users = `${NOBODY}5,maas,true,false,true,USER\n`
  const env = { BREAK: 'channel setaccess*', HOW: 'lie' }
  const done = await configure(t, { users, env })
  t.equal(done.status, 1)
  t.match(done.output, /The user is no ADMINISTRATOR/)
  t.same(done.found, {})
})

t.test('odd words of a BMC are no commands, and nothing of them is reported', async (t) => {
  const evil = '$(touch owned)`touch owned`;touch owned\u001B[2J"\\\'\u00FF'
  const lan = {
    1: `IP Address              : ${evil}\nIP Address Source       : ${evil}`,
    2: LAN.replace('02:00:00:00:00:AA', evil).replace('1,2,3,17', evil).replace('XXaa', evil),
  }
  const users = `${evil}\n99,,a,b,c,d\n3 -x,,a,b,c,d\n,,,,,\n2,${evil},a,b,c,d\n7,a,b,maas,true,false,false,USER\n${FREE}`
  const done = await configure(t, { lan, users })
  t.equal(done.status, 0, done.output)
  keepsSecret(t, done, 4)
  t.notOk(existsSync(join(done.stage, 'owned')))
  t.equal(done.found['mac_address'], undefined)
  t.same(Object.keys(done.found).length, 8)
  const nowhere = await configure(t, { lan: { 1: lan[1] } })
  t.equal(nowhere.status, 0)
  t.notMatch(nowhere.output, /["\\`$;]/)
  t.notOk(nowhere.output.includes('\u001B'))
})

for (const user of ['', 'a b', '-x', '$(id)', 'a,b', 'seventeen-letters']) {
  t.test(`'${user}' is no name for a user`, async (t) => {
    const done = await configure(t, { args: [`--user=${user}`] })
    t.equal(done.status, 1)
    isUntouched(t, done)
  })
}
