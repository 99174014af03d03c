// Logins kept for later: name → region URLs and API key, in one file that only its owner may read.
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { UsageError } from './exit-codes.ts'
import type { Io } from './command-line.ts'

export type Profile = { readonly urls: readonly string[]; readonly apiKey: string | null }
type ProfilesFile = { readonly version: 1; readonly profiles: Readonly<Record<string, Profile>> }

export function profilesPath(env: Io['env']): string {
  const home = env['HOME'] ?? homedir()
  const base = env['XDG_CONFIG_HOME']
  return join(
    base === undefined || base === '' ? join(home, '.config') : base,
    'ironraft',
    'profiles.json',
  )
}

export async function saveProfile(env: Io['env'], name: string, profile: Profile): Promise<void> {
  const path = profilesPath(env)
  const { profiles } = await readProfiles(path)
  await writeProfiles(path, { ...profiles, [name]: profile })
}

/** Throws CONFLICT. */
export async function expectNoProfile(env: Io['env'], name: string): Promise<void> {
  const { profiles } = await readProfiles(profilesPath(env))
  if (!Object.hasOwn(profiles, name)) return
  throw new AppError('CONFLICT', `There is a profile '${name}' already; give another --profile.`)
}

/** Only while it has this key. */
export async function forgetProfile(env: Io['env'], name: string, apiKey: string): Promise<void> {
  const path = profilesPath(env)
  const { profiles } = await readProfiles(path)
  if (!Object.hasOwn(profiles, name) || profiles[name]?.apiKey !== apiKey) return
  const others = Object.entries(profiles).filter(([each]) => each !== name)
  await writeProfiles(path, Object.fromEntries(others))
}

async function writeProfiles(path: string, profiles: ProfilesFile['profiles']): Promise<void> {
  const next: ProfilesFile = { version: 1, profiles }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}`
  const file = await open(temporary, 'w', 0o600)
  await file.writeFile(`${JSON.stringify(next, null, 2)}\n`)
  await file.sync()
  await file.close()
  await rename(temporary, path)
}

/** From --url or --profile, then IRONRAFT_ENDPOINT, IRONRAFT_PROFILE, then the only profile there is. */
export async function chooseProfile(
  env: Io['env'],
  wanted: { readonly name?: string | undefined; readonly urls?: readonly string[] },
): Promise<Profile> {
  const { apiKey } = { apiKey: env['IRONRAFT_API_KEY'] ?? null }
  if (wanted.urls !== undefined && wanted.urls.length > 0) return { urls: wanted.urls, apiKey }
  const endpoint = env['IRONRAFT_ENDPOINT'] ?? ''
  if (wanted.name === undefined && endpoint !== '') {
    return { urls: endpoint.split(',').filter((url) => url !== ''), apiKey }
  }
  const { profiles } = await readProfiles(profilesPath(env))
  const name = wanted.name ?? env['IRONRAFT_PROFILE'] ?? onlyOne(Object.keys(profiles))
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined) throw new AppError('NOT_FOUND', `There is no profile '${name}'.`)
  return profile
}

function onlyOne(names: readonly string[]): string {
  const [name, ...others] = names
  if (name === undefined) {
    throw new UsageError(
      'not logged in: `ironraft login PROFILE URL API_KEY`, or IRONRAFT_ENDPOINT',
    )
  }
  if (others.length > 0) throw new UsageError(`choose one with --profile: ${names.join(', ')}`)
  return name
}

async function readProfiles(path: string): Promise<ProfilesFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new AppError('BAD_REQUEST', `${path} cannot be read.`, { cause: error })
  })
  if (text === null) return { version: 1, profiles: {} }
  const file = parse(text)
  if (file?.version !== 1 || typeof file.profiles !== 'object') {
    throw new AppError('BAD_REQUEST', `${path} is not a file of profiles.`)
  }
  return file
}

function parse(text: string): ProfilesFile | null {
  try {
    return JSON.parse(text) as ProfilesFile | null
  } catch {
    return null
  }
}
