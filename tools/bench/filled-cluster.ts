// Three regions with an inventory in them: one from a backup made for it, and two that join it. Ports of its own.
import { execFile } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bootstrap, Cluster } from './cluster.ts'
import type { Inventory } from './inventory.ts'

const run = promisify(execFile)
const LAUNCH = join(import.meta.dirname, '..', 'launch.cjs')
const INVENTORY = join(import.meta.dirname, 'inventory.ts')
const PORTS = { api: 15_740, peer: 15_750 } as const
const STEP_MS = 180_000
const REGIONS = 3

/** Stop it with `stopFilledCluster`, also when this rejects. */
export async function startFilledCluster(
  directory: string,
  inventory: Inventory,
): Promise<Cluster> {
  const began = performance.now()
  await mkdir(directory, { recursive: true })
  const backup = join(directory, 'backup')
  await run(process.execPath, [
    ...['--disable-warning=ExperimentalWarning', INVENTORY, backup, JSON.stringify(inventory)],
  ])
  const first = await ironraft<Bootstrap>(
    ...['region', 'restore', backup, '--accept-duplicate-addresses'],
    ...placeOf(directory, 0),
  )
  const nodes = [...first.nodes]
  const url = nodes[0]?.api_url ?? ''
  const login = ['--dir', join(directory, '0')]
  for (let at = 1; at < REGIONS; at++) {
    const { token } = await ironraft<{ readonly token: string }>('region', 'token', ...login)
    const joined = await ironraft<{ readonly node: Cluster['nodes'][number] }>(
      ...['region', 'join', token, ...placeOf(directory, at)],
    )
    nodes.push(joined.node)
  }
  if (url === '') throw new Error('the restored region has no address')
  const bootstrapMs = Math.round(performance.now() - began)
  const { api_key: apiKey } = first.admin
  return { directory, nodes, apiKey, rackToken: first.rack_token, bootstrapMs }
}

export async function stopFilledCluster(directory: string): Promise<void> {
  for (let at = 0; at < REGIONS; at++) {
    const stop = ['region', 'stop', '--dir', join(directory, String(at))]
    await run(process.execPath, [LAUNCH, ...stop], { timeout: STEP_MS }).catch(() => {})
  }
  await rm(directory, { recursive: true, force: true })
}

function placeOf(directory: string, at: number): readonly string[] {
  const ports = ['--api-port', String(PORTS.api + at), '--peer-port', String(PORTS.peer + at)]
  const where = ['--dir', join(directory, String(at)), '--host', '127.0.0.1']
  return [...where, ...ports, '--detach']
}

async function ironraft<T>(...args: readonly string[]): Promise<T> {
  const command = [LAUNCH, ...args, '--json']
  const { stdout } = await run(process.execPath, command, { timeout: STEP_MS })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as T
}
