// Somebody with a lab: `ironraft lab` in a directory of its own, and the CLI with the login that it keeps there. Nothing
// of it is left when the test has ended.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Client } from '#tools/client.ts'
import { chooseProfile } from '#tools/profiles.ts'
import { command } from './process.ts'

const LAUNCH = join(import.meta.dirname, '..', '..', '..', 'tools', 'launch.cjs')

export type Report = {
  readonly processes: readonly {
    readonly name: string
    readonly state: string
    readonly role: string | null
    readonly pid: number | null
  }[]
  readonly machines: readonly {
    readonly name: string
    readonly power: string
    readonly mac_address: string
    readonly power_type: string
    readonly create: string
    readonly system_id: string | null
    readonly status_name: string | null
    readonly directory: string
  }[]
}

export type LabUser = Awaited<ReturnType<typeof makeUser>>

export async function makeUser(t: Test) {
  const home = await mkdtemp(join(tmpdir(), 'ironraft-labtest-'))
  const directory = join(home, 'lab')
  const ironraft = async (...words: readonly string[]): Promise<string> => {
    const profiles = `XDG_CONFIG_HOME=${home}`
    return (await command('env', [profiles, process.execPath, LAUNCH, ...words])).stdout
  }
  /** With the login of the lab; what it prints as JSON. */
  const json = async <T>(...words: readonly string[]): Promise<T> =>
    JSON.parse(await ironraft(...words, '--profile', 'lab', '--json')) as T
  const lab = (...words: readonly string[]) => ironraft('lab', ...words, '--dir', directory)
  const status = async (): Promise<Report> => {
    const said = await lab('status', '--json').catch((error: { readonly stdout: string }) => {
      return error.stdout
    })
    return JSON.parse(said) as Report
  }
  /** What the regions know, asked without a process of its own: virtual machines need the processors. */
  const api = async <T>(path: string): Promise<T> => {
    const profile = await chooseProfile({ XDG_CONFIG_HOME: home }, { name: 'lab' })
    return new Client(profile).get<T>(`/MAAS/api/2.0/${path}`)
  }
  const isOn = async (machine: string): Promise<boolean> => {
    const { stdout } = await command(join(directory, 'machines', machine, 'power'), ['status'])
    return stdout.trim() === 'on'
  }
  const console = (machine: string): Promise<string> =>
    readFile(join(directory, 'machines', machine, 'serial.log'), 'latin1').catch(() => '')
  t.teardown(async () => {
    await lab('down').catch(() => '')
    await rm(home, { recursive: true, force: true })
  })
  return { home, directory, ironraft, json, lab, status, api, isOn, console }
}
