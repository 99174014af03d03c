// `ironraft login`: tries the key, then keeps it.
import { checkUrl } from '../api-session.ts'
import { Client } from '../client.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { saveProfile } from '../profiles.ts'
import type { Arguments, Io } from '../command-line.ts'

export async function runLogin(args: Arguments, io: Io): Promise<number> {
  const [name, urlList, apiKey] = [args.at(0), args.at(1), args.at(2)]
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new UsageError('PROFILE may hold letters, digits, dots, dashes and underscores')
  }
  const urls = urlList.split(',').filter((url) => url !== '')
  if (urls.length === 0) throw new UsageError('URL is missing')
  urls.forEach(checkUrl)
  if (!/^\S+:\S+:\S+$/.test(apiKey)) {
    throw new UsageError('API_KEY must be of the form consumer:token:secret')
  }
  const client = new Client({ urls, apiKey })
  const user = await client.get<{ readonly username?: string }>('/MAAS/api/2.0/users/', {
    op: 'whoami',
  })
  await saveProfile(io.env, name, { urls, apiKey })
  io.out(`Logged in as ${user.username ?? 'unknown'}; use it with --profile ${name}.`)
  return EXIT.ok
}
