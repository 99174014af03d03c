// `ironraft lab` as its user types it: up, machines that a region switches on through a rack and that boot our agent, a
// rack killed, down; and nothing of it is left on the host.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { eventually, freePorts } from '../process/support/cluster.ts'
import { makeUser, type Report } from './support/lab-user.ts'
import { command } from './support/process.ts'

t.setTimeout(900_000)

const BOOT_SECONDS = 240

/** Of this lab: other tests may have theirs. */
async function namespaces(id: string): Promise<readonly string[]> {
  const { stdout } = await command('ip', ['netns', 'list'])
  return stdout.split('\n').filter((line) => line.startsWith(`irlab-${id}-`))
}

async function processesNaming(text: string): Promise<readonly string[]> {
  const { stdout } = await command('ps', ['-eo', 'pid,args', '-ww'])
  return stdout.split('\n').filter((line) => line.includes(text) && !line.includes('ps -eo'))
}

t.test('a lab from up to down', { timeout: 900_000 }, async (t) => {
  const { home, directory, ironraft, lab, status } = await makeUser(t)
  const port = await freePorts(3)
  const said = await lab('up', '--machines', '1', '--api-port', String(port), '--json')
  const { machines } = JSON.parse(said) as Report
  const states = async () => (await status()).processes.map(({ name, state }) => [name, state])
  const { id } = JSON.parse(await readFile(join(directory, 'lab.json'), 'utf8')) as {
    readonly id: string
  }
  t.equal((await namespaces(id)).length, 4)
  t.same([...new Set((await states()).map(([, state]) => state))], ['running'])

  await t.test('a second one in the same place is refused', async (t) => {
    await t.rejects(lab('up'), { message: /already/ })
  })

  await t.test('a region switches a machine on by its BMC; it boots our agent', async (t) => {
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
  })

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
    t.same(await namespaces(id), [])
    t.same(await processesNaming(directory), [])
    t.throws(() => process.kill(door ?? 0, 0), 'the door is closed')
    t.notOk((await readdir(home)).includes('lab'))
    await t.rejects(ironraft('machines', 'list', '--profile', 'lab'), { message: /no profile/ })
    await t.rejects(lab('status'), { message: /no lab/ })
  })
})
