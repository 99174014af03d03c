// A machine room of its own: one network namespace with a bridge that regions, racks and machines share.
// Everything is named by this process and removed at the end, whatever happened.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bootstrapped, lastLine } from '../../process/support/cluster.ts'
import {
  addBridge,
  addCable,
  addNamespace,
  addTap,
  removeNamespace,
} from '#tools/lab/namespaces.ts'
import { command, endProcess } from './process.ts'

const LAUNCH = join(import.meta.dirname, '..', '..', '..', 'tools', 'launch.cjs')

/** 10.77.0.1/24 on the bridge `br0` of a namespace. */
export class Room {
  readonly namespace: string
  readonly directory: string
  readonly #racks: ChildProcess[] = []
  readonly #hosts: string[] = []
  #taps = 0

  private constructor(namespace: string, directory: string) {
    this.namespace = namespace
    this.directory = directory
  }

  static async make(): Promise<Room> {
    const namespace = `ironraft-${process.pid}`
    const room = new Room(namespace, await mkdtemp(join(tmpdir(), 'ironraft-room-')))
    await addNamespace(namespace)
    await addBridge(namespace, 'br0', '10.77.0.1/24')
    return room
  }

  async inside(name: string, args: readonly string[]) {
    return command('ip', ['netns', 'exec', this.namespace, name, ...args])
  }

  /** The CLI as a user types it; standard output. */
  async ironraft(...args: readonly string[]): Promise<string> {
    const profiles = `XDG_CONFIG_HOME=${this.directory}`
    const { stdout } = await this.inside('env', [profiles, 'node', LAUNCH, ...args])
    return stdout
  }

  async json<T>(...args: readonly string[]): Promise<T> {
    const stdout = await this.ironraft(...args, '--json')
    return JSON.parse(stdout.trim()) as T
  }

  get regionDirectory(): string {
    return join(this.directory, 'region')
  }

  async bootstrap(): Promise<Bootstrapped> {
    const stdout = await this.ironraft(
      ...['region', 'bootstrap', '--nodes', '3', '--host', '10.77.0.1'],
      ...['--dir', this.regionDirectory, '--detach', '--json'],
    )
    return JSON.parse(lastLine(stdout)) as Bootstrapped
  }

  /** A rack on the bridge, or in a host's namespace; its standard error goes to `<name>.log`. */
  startRack(token: string, name: string, host?: string): ChildProcess {
    const directory = join(this.directory, name)
    // A host of its own stands for real iron, whose clocks nobody stops.
    const place = host === undefined ? ['br0'] : ['eth0', '--endurance', 'on']
    // This runtime itself, so that there is no launcher between us and the rack's process.
    const script = `exec ${process.execPath} "$@" >>"$0.log" 2>&1`
    const rack = spawn(
      'ip',
      [
        ...['netns', 'exec', host ?? this.namespace, 'bash', '-c', script, directory, LAUNCH],
        ...[
          'rack',
          'start',
          '--token',
          token,
          '--dir',
          directory,
          '--interface',
          ...place,
          '--json',
          '--log-level',
          'debug',
        ],
      ],
      { stdio: 'ignore' },
    )
    this.#racks.push(rack)
    return rack
  }

  async rackLog(name: string): Promise<string> {
    return readFile(join(this.directory, `${name}.log`), 'utf8').catch(() => '')
  }

  /** Prometheus metrics as `name{labels}` → value, asked for in this room's namespace or a host's. */
  async metrics(url: string, host = this.namespace): Promise<ReadonlyMap<string, number>> {
    const script = 'fetch(process.argv[1]).then(async (r) => console.log(await r.text()))'
    const node = [process.execPath, '-e', script, `${url}/metrics`]
    const { stdout } = await command('ip', ['netns', 'exec', host, ...node])
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))] as const
      }),
    )
  }

  async addTap(): Promise<string> {
    const tap = `tap${this.#taps++}`
    await addTap(this.namespace, tap, 'br0')
    return tap
  }

  /** A host of its own on the bridge: a namespace whose `eth0` it is; removed with the room. */
  async addHost(name: string): Promise<string> {
    const namespace = `${this.namespace}-${name}`
    await addNamespace(namespace)
    this.#hosts.push(namespace)
    const port = { namespace: this.namespace, bridge: 'br0', name: `v${name}` }
    await addCable(port, { namespace, name: 'eth0', address: null })
    return namespace
  }

  async remove(): Promise<void> {
    for (const rack of this.#racks) await endProcess(rack)
    await this.ironraft('region', 'stop', '--dir', this.regionDirectory).catch(() => '')
    for (const host of this.#hosts) await removeNamespace(host)
    await removeNamespace(this.namespace)
    await rm(this.directory, { recursive: true, force: true })
  }
}
