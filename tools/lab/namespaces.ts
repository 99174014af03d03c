// Network namespaces, bridges, cables and taps, by iproute2. Needs root.
import { runCommand } from './run-command.ts'

export async function addNamespace(namespace: string): Promise<void> {
  await runCommand('ip', ['netns', 'add', namespace])
  await ip(namespace, 'link', 'set', 'lo', 'up')
}

/** Forwards from the first frame on: with spanning tree DHCP would be lost for half a minute. */
export async function addBridge(
  namespace: string,
  bridge: string,
  address: string | null = null,
): Promise<void> {
  await ip(namespace, 'link', 'add', bridge, 'type', 'bridge', 'stp_state', '0')
  await ip(namespace, 'link', 'set', bridge, 'type', 'bridge', 'forward_delay', '0')
  if (address !== null) await addAddress(namespace, bridge, address)
  await ip(namespace, 'link', 'set', bridge, 'up')
}

/** `address` with prefix: `10.77.0.1/24`. */
export async function addAddress(
  namespace: string,
  device: string,
  address: string,
): Promise<void> {
  await ip(namespace, 'address', 'add', address, 'dev', device)
}

/** From a port of a bridge to an interface of another namespace; both ends up. */
export async function addCable(
  port: { readonly namespace: string; readonly bridge: string; readonly name: string },
  end: { readonly namespace: string; readonly name: string; readonly address: string | null },
): Promise<void> {
  const peer = ['peer', 'name', end.name, 'netns', end.namespace]
  await ip(port.namespace, 'link', 'add', port.name, 'type', 'veth', ...peer)
  await ip(port.namespace, 'link', 'set', port.name, 'master', port.bridge, 'up')
  if (end.address !== null) await addAddress(end.namespace, end.name, end.address)
  await ip(end.namespace, 'link', 'set', end.name, 'up')
}

/** A port of a bridge for the NIC of a virtual machine. */
export async function addTap(namespace: string, tap: string, bridge: string): Promise<void> {
  await ip(namespace, 'tuntap', 'add', tap, 'mode', 'tap')
  await ip(namespace, 'link', 'set', tap, 'master', bridge, 'up')
}

/** Those of `wanted` that exist. */
export async function existingNamespaces(wanted: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runCommand('ip', ['netns', 'list'])
  const names = new Set(stdout.split('\n').map((line) => line.split(' ')[0]))
  return wanted.filter((name) => names.has(name))
}

export async function namespacesOfLab(id: string): Promise<readonly string[]> {
  const { stdout } = await runCommand('ip', ['netns', 'list'])
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '')
  return names.filter((name) => name.startsWith(`irlab-${id}-`))
}

/** Ends everything inside of it first: nobody else has business in a namespace that we made. */
export async function removeNamespace(namespace: string): Promise<void> {
  const { stdout } = await runCommand('ip', ['netns', 'pids', namespace])
  for (const pid of stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  await runCommand('ip', ['netns', 'delete', namespace])
}

async function ip(namespace: string, ...words: readonly string[]): Promise<void> {
  await runCommand('ip', ['-n', namespace, ...words])
}
