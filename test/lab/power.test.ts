// A machine behind a real IPMI BMC and one behind Redfish are switched by whichever rack is there: each intent really
// switches once, from the network, also when the rack that was at work is killed.
import t from 'tap'
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../process/support/cluster.ts'
import { makeIpmiBmc } from '#tools/lab/ipmi-bmc.ts'
import { makeLoggingButton } from './support/logging-button.ts'
import { command, endProcess } from './support/process.ts'
import { Room } from './support/room.ts'

t.setTimeout(240_000)

const BMC_PASSWORD = 'bmc-secret-14'

const HOSTS = [
  ['rack-1', '10.77.0.11'],
  ['rack-2', '10.77.0.12'],
] as const

type MachineJson = { readonly status_name: string; readonly power_state: string }

t.test('machines are switched through their BMCs', async (t) => {
  const room = await Room.make()
  t.teardown(() => room.remove())
  const logs = { ipmi: join(room.directory, 'ipmi.log'), redfish: join(room.directory, 'rf.log') }
  for (const log of Object.values(logs)) await writeFile(log, '')
  const said = async (log: string): Promise<readonly string[]> =>
    (await readFile(log, 'utf8')).trim().split('\n').filter(Boolean)
  await startBmcs(room, logs)

  const cluster = await room.bootstrap()
  const urls = cluster.nodes.map((node) => node.api_url).join(',')
  await room.ironraft('login', 'lab', urls, cluster.admin.api_key)
  // A host each: two racks on one would want the same ports.
  const racks: ChildProcess[] = []
  for (const [host, address] of HOSTS) {
    const namespace = await room.addHost(host)
    await command('ip', ['-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0'])
    racks.push(room.startRack(cluster.rack_token, host, namespace))
  }
  const create = async (mac: string, type: string, address: string): Promise<string> => {
    const made = await room.json<{ readonly system_id: string }>(
      ...['machines', 'create', '--mac-addresses', mac, '--architecture', 'amd64/generic'],
      ...['--power-type', type, `power_parameters_power_address=${address}`],
      ...[
        'commission=false',
        'power_parameters_power_user=maas',
        `power_parameters_power_pass=${BMC_PASSWORD}`,
      ],
      ...(type === 'ipmi' ? ['power_parameters_privilege_level=ADMIN'] : []),
    )
    return made.system_id
  }
  const machines = [
    { id: await create('52:54:00:00:00:01', 'ipmi', '10.77.0.1:9001'), log: logs.ipmi },
    {
      id: await create('52:54:00:00:00:02', 'redfish', 'http://10.77.0.1:9002'),
      log: logs.redfish,
    },
  ]
  const see = (id: string): Promise<MachineJson> => room.json('machines', 'get', id)
  const powered = (id: string, state: string): Promise<MachineJson> =>
    eventually(`${id} to be ${state}`, 90, async () => {
      const machine = await see(id)
      return machine.power_state === state ? machine : undefined
    })

  await t.test('commissioning boots them from the network', async (t) => {
    for (const { id } of machines) await room.ironraft('machines', 'commission', id)
    for (const { id, log } of machines) {
      const machine = await powered(id, 'on')
      t.equal(machine.status_name, 'Commissioning')
      t.same(await said(log), ['boot pxe', 'on'])
    }
  })

  await t.test('aborting turns them off, though one rack was killed', async (t) => {
    await Promise.all(racks.slice(0, 1).map(endProcess))
    for (const { id } of machines) await room.ironraft('machines', 'abort', id)
    for (const { id, log } of machines) {
      t.equal((await powered(id, 'off')).status_name, 'New')
      t.same(await said(log), ['boot pxe', 'on', 'off'])
    }
  })

  await t.test('a wrong password is told, and is in no log', async (t) => {
    const [{ id } = { id: '' }] = machines
    const wrong = 'power_parameters_power_pass=wrong'
    await room.ironraft('api', 'PUT', `machines/${id}/`, wrong, 'power_parameters_skip_check=true')
    await room.ironraft('machines', 'commission', id)
    const log = await eventually('the failure', 90, async () => {
      const said = await room.rackLog('rack-2')
      return said.includes('power.failed') ? said : undefined
    })
    t.match(log, /the BMC did not answer, or refused user and password/)
    t.notMatch(log, new RegExp(`${BMC_PASSWORD}|wrong`))
  })
})

async function startBmcs(
  room: Room,
  logs: { readonly ipmi: string; readonly redfish: string },
): Promise<void> {
  const directory = join(room.directory, 'ipmi')
  const script = join(import.meta.dirname, '..', '..', 'tools', 'lab', 'redfish', 'main.ts')
  const inside = ['netns', 'exec', room.namespace]
  // They end with the room.
  const start = (...args: readonly string[]): void => {
    const env = { ...process.env, IRONRAFT_BMC_PASSWORD: BMC_PASSWORD }
    spawn('ip', [...inside, ...args], { stdio: 'ignore', env })
  }
  const bmc = {
    ...{ directory, address: '10.77.0.1', port: 9001, user: 'maas', password: BMC_PASSWORD },
    button: await makeLoggingButton(join(directory, 'machine'), logs.ipmi),
  }
  start('ipmi_sim', ...(await makeIpmiBmc(bmc)))
  const button = await makeLoggingButton(join(room.directory, 'redfish'), logs.redfish)
  start(process.execPath, script, '10.77.0.1', '9002', button)
}
