// Our side of a comparison: three region processes from the bootstrap command, in a directory of their own.
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const LAUNCH = join(import.meta.dirname, '..', 'launch.cjs')

export type Cluster = {
  readonly directory: string
  readonly nodes: readonly {
    readonly id: string
    readonly pid: number
    readonly api_url: string
    readonly peer_address: string
    readonly data_dir: string
  }[]
  readonly apiKey: string
  readonly rackToken: string
  readonly bootstrapMs: number
}

/** What bootstrap and restore print. */
export type Bootstrap = {
  readonly nodes: Cluster['nodes']
  readonly admin: { readonly api_key: string }
  readonly rack_token: string
}

/** Starts (or starts again) what is not running in `directory`. */
export async function startCluster(
  directory: string,
  { nodes: count = 3 }: { readonly nodes?: number } = {},
): Promise<Cluster> {
  const began = performance.now()
  const { stdout } = await run(process.execPath, [
    LAUNCH,
    ...['region', 'bootstrap', '--nodes', String(count), '--dir', directory],
    ...['--api-port', '15240', '--peer-port', '15250', '--detach', '--json'],
  ])
  const bootstrapMs = Math.round(performance.now() - began)
  const last = stdout.trim().split('\n').at(-1) ?? '{}'
  const { nodes, admin, rack_token: rackToken } = JSON.parse(last) as Bootstrap
  return { directory, nodes, apiKey: admin.api_key, rackToken, bootstrapMs }
}

export async function stopCluster(directory: string): Promise<void> {
  await run(process.execPath, [LAUNCH, 'region', 'stop', '--dir', directory]).catch(() => {})
  await rm(directory, { recursive: true, force: true })
}

/** Id of the leader as the first answering node reports it. */
export async function leaderOf(cluster: Cluster): Promise<string> {
  const { stdout } = await run(process.execPath, [
    ...[LAUNCH, 'region', 'status', '--dir', cluster.directory, '--json'],
  ]).catch((error: unknown) => error as { readonly stdout: string })
  const last = stdout.trim().split('\n').at(-1) ?? '{}'
  const { leader } = JSON.parse(last) as { readonly leader?: string | null }
  if (typeof leader !== 'string') throw new Error('the cluster has no leader')
  return leader
}

/** OAuth 1.0 PLAINTEXT header of an API key; the nonce must differ from request to request. */
export function authorization(apiKey: string): string {
  const [consumer = '', token = '', secret = ''] = apiKey.split(':')
  return (
    `OAuth oauth_version="1.0", oauth_signature_method="PLAINTEXT", ` +
    `oauth_consumer_key="${consumer}", oauth_token="${token}", ` +
    `oauth_signature="%26${secret}", oauth_nonce="{nonce}", oauth_timestamp="{now}"`
  )
}
