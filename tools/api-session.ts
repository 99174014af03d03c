// The client a command uses: regions and key from its options, the environment or a profile.
import { Client } from './client.ts'
import { UsageError } from './exit-codes.ts'
import { chooseProfile } from './profiles.ts'
import type { Arguments, Io } from './command-line.ts'
import type { Form } from './output.ts'

/** A person waits: long enough for an election, not for a repair. */
const TIMEOUT_MS = 12_000

export async function openClient(args: Arguments, io: Io): Promise<Client> {
  const urls = args.list('url')
  urls.forEach(checkUrl)
  const profile = await chooseProfile(io.env, { name: args.text('profile'), urls })
  return new Client({ urls: profile.urls, apiKey: profile.apiKey, timeoutMs: TIMEOUT_MS })
}

export function outputForm(args: Arguments): Form {
  return args.flag('json') ? 'json' : ((args.text('output') ?? 'table') as Form)
}

/** Throws UsageError unless it is an `http:` or `https:` URL. */
export function checkUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new UsageError(`'${url}' is not a URL of a region, such as http://192.0.2.1:5240`)
  }
}
