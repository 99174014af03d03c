// `ironraft lab` as its user types it: up, machines that a region switches on through a rack and that boot our agent, a
// rack killed, down; and nothing of it is left on the host.
import t, { type Test } from 'tap'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually, freePorts } from '../process/support/cluster.ts'
import { command } from './support/process.ts'

t.setTimeout(900_000)

const LAUNCH = join(import.meta.dirname, '..', '..', 'tools', 'launch.cjs')
const BOOT_SECONDS = 240

type Report = {
  readonly processes: readonly {
    readonly name: string
    readonly state: string
    readonly pid: number | null
  }[]
  readonly machines: readonly {
    readonly name: string
    readonly power: string
    readonly mac_address: string
    readonly create: string
    readonly status_name: string | null
    readonly directory: string
  }[]
}

async function makeUser(t: Test) {
  const home = await mkdtemp(join(tmpdir(), 'ironraft-labtest-'))
  const directory = join(home, 'lab')
  const ironraft = async (...words: readonly string[]): Promise<string> => {
    const profiles = `XDG_CONFIG_HOME=${home}`
    return (await command('env', [profiles, process.execPath, LAUNCH, ...words])).stdout
  }
  const lab = (...words: readonly string[]) => ironraft('lab', ...words, '--dir', directory)
  const status = async (): Promise<Report> => {
    const said = await lab('status', '--json').catch((error: { readonly stdout: string }) => {
      return error.stdout
    })
    return JSON.parse(said) as Report
  }
  t.teardown(async () => {
    await lab('down').catch(() => '')
    await rm(home, { recursive: true, force: true })
  })
  return { home, directory, ironraft, lab, status }
}

async function namespaces(): Promise<readonly string[]> {
  const { stdout } = await command('ip', ['netns', 'list'])
  return stdout.split('\n').filter((line) => line.startsWith('irlab-'))
}

async function processesNaming(text: string): Promise<readonly string[]> {
  const { stdout } = await command('ps', ['-eo', 'pid,args', '-ww'])
  return stdout.split('\n').filter((line) => line.includes(text) && !line.includes('ps -eo'))
}

t.test('a lab from up to down', { timeout: 900_000 }, async (t) => {
  const before = await namespaces()
  const { home, directory, ironraft, lab, status } = await makeUser(t)
  const port = await freePorts(3)
  const said = await lab('up', '--machines', '2', '--api-port', String(port), '--json')
  const { machines } = JSON.parse(said) as Report
  const states = async () => (await status()).processes.map(({ name, state }) => [name, state])
  t.same([...new Set((await states()).map(([, state]) => state))], ['running'])

  await t.test('a second one in the same place is refused', async (t) => {
    await t.rejects(lab('up'), { message: /already/ })
  })

  await t.test(
    'a region switches machines on by IPMI and Redfish; they boot our agent',
    async (t) => {
      for (const { create, name } of machines) {
        await ironraft(...create.split(' ').slice(1))
        const machine = await eventually(`${name} to be on`, BOOT_SECONDS, async () => {
          return (await status()).machines.find((each) => each.name === name && each.power === 'on')
        })
        t.equal(machine.status_name, 'Commissioning')
        await eventually(`the agent on ${name}`, BOOT_SECONDS, async () => {
          const text = await lab('console', name, '--lines', '2000')
          return /ironraft-agent: (hardware|enlisted|this machine)/.test(text) ? true : undefined
        })
        await eventually(`${name} to switch itself off`, BOOT_SECONDS, async () => {
          const found = (await status()).machines.find((each) => each.name === name)
          return found?.power === 'off' ? true : undefined
        })
      }
    },
  )

  await t.test('a killed rack is told, and comes back', async (t) => {
    await lab('kill', 'rack-1')
    t.same(
      (await states()).find(([name]) => name === 'rack-1'),
      ['rack-1', 'stopped'],
    )
    await t.rejects(lab('status'), { code: 1 })
    await lab('start', 'rack-1')
    t.same(
      (await states()).find(([name]) => name === 'rack-1'),
      ['rack-1', 'running'],
    )
  })

  await t.test('down leaves nothing, also with a machine that is on', async (t) => {
    await lab('power', 'machine-1', 'on')
    const door = (await status()).processes.find(({ name }) => name === 'door')?.pid
    await lab('down')
    t.same(await namespaces(), before)
    t.same(await processesNaming(directory), [])
    t.throws(() => process.kill(door ?? 0, 0), 'the door is closed')
    t.notOk((await readdir(home)).includes('lab'))
    await t.rejects(ironraft('machines', 'list', '--profile', 'lab'), { message: /no profile/ })
    await t.rejects(lab('status'), { message: /no lab/ })
  })
})
