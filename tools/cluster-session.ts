// The client of a command that speaks with one cluster: its data directory on this host, or a login.
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { checkUrl } from './api-session.ts'
import { Client } from './client.ts'
import { expectCluster } from './cluster-directory.ts'
import type { Arguments, Io } from './command-line.ts'
import { UsageError } from './exit-codes.ts'
import { chooseProfile } from './profiles.ts'

const TIMEOUT_MS = 12_000

/** Said at once instead of after the time that a write waits for a leader. Throws NO_QUORUM. */
export async function expectLeader(client: Client): Promise<void> {
  const { leader } = await client.get<{ readonly leader: string | null }>('/api/v1/cluster')
  if (leader !== null) return
  throw new AppError('NO_QUORUM', 'The cluster has no leader now; nothing was changed.')
}

/** From --dir, else --url, --profile and the environment; IRONRAFT_API_KEY fills in a missing key. */
export async function openCluster(args: Arguments, io: Io): Promise<Client> {
  const directory = args.text('dir')
  const urls = args.list('url')
  if (directory !== undefined && urls.length > 0) {
    throw new UsageError('give --url or --dir, not both')
  }
  if (directory === undefined) {
    urls.forEach(checkUrl)
    const profile = await chooseProfile(io.env, { name: args.text('profile'), urls })
    return new Client({ ...profile, timeoutMs: TIMEOUT_MS })
  }
  const cluster = await expectCluster(resolve(io.cwd, directory))
  const apiKey = cluster.admin?.apiKey ?? io.env['IRONRAFT_API_KEY'] ?? null
  return new Client({
    urls: cluster.nodes.map((node) => node.apiUrl),
    ...{ apiKey, timeoutMs: TIMEOUT_MS },
  })
}
