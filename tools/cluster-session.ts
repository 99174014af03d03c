// The client of a command that speaks with one cluster: its data directory on this host, or a login.
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import { checkUrl } from './api-session.ts'
import { Client } from './client.ts'
import { expectCluster } from './cluster-directory.ts'
import type { Arguments, Io } from './command-line.ts'
import { UsageError } from './exit-codes.ts'
import { chooseProfile, type Profile } from './profiles.ts'

const TIMEOUT_MS = 12_000

type Answer = {
  readonly leader: string | null
  readonly nodes: readonly { readonly api_url: string | null }[]
}

/**
 * From --dir, else --url, --profile and the environment; IRONRAFT_API_KEY fills in a missing key. It knows
 * every region then: the one asked first may be the one that goes. Throws NO_QUORUM at once instead of
 * after the time that a write waits for a leader.
 */
export async function openCluster(args: Arguments, io: Io): Promise<Client> {
  const { urls, apiKey } = await chooseRegions(args, io)
  const first = new Client({ urls, apiKey, timeoutMs: TIMEOUT_MS })
  const { leader, nodes } = await first.get<Answer>('/api/v1/cluster')
  if (leader === null) {
    throw new AppError('NO_QUORUM', 'The cluster has no leader now; nothing was changed.')
  }
  const others = nodes.flatMap(({ api_url: url }) =>
    url === null || urls.includes(url) ? [] : [url],
  )
  return new Client({ urls: [...urls, ...others], apiKey, timeoutMs: TIMEOUT_MS })
}

async function chooseRegions(args: Arguments, io: Io): Promise<Profile> {
  const directory = args.text('dir')
  const urls = args.list('url')
  if (directory !== undefined && urls.length > 0) {
    throw new UsageError('give --url or --dir, not both')
  }
  if (directory === undefined) {
    urls.forEach(checkUrl)
    return chooseProfile(io.env, { name: args.text('profile'), urls })
  }
  const cluster = await expectCluster(resolve(io.cwd, directory))
  const apiKey = cluster.admin?.apiKey ?? io.env['IRONRAFT_API_KEY'] ?? null
  return { urls: cluster.nodes.map((node) => node.apiUrl), apiKey }
}
