// cloud-init as Debian ships it, without installing it: the package is fetched and unpacked, so that nothing of it runs
// here but what a test runs.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './process.ts'

export type LearnedByCloudInit = {
  readonly found: boolean
  readonly datasource_list: readonly string[]
  readonly instance_id: string
  readonly hostname: string
  readonly public_keys: readonly string[]
  readonly user_data: string | null
  readonly vendor_data: string | null
}

/** Throws where the package cannot be had. */
export async function unpackCloudInit(directory: string): Promise<void> {
  const script = 'cd "$1" && apt-get -o APT::Sandbox::User=root download -qq cloud-init'
  await command('sh', ['-c', script, 'sh', directory])
  const name = (await readdir(directory)).find((each) => each.endsWith('.deb'))
  if (name === undefined) throw new Error('apt-get downloaded nothing')
  await command('dpkg-deb', ['-x', join(directory, name), join(directory, 'root')])
}

/** What a boot does with this `cloud-config-url`, or with this file, in a directory of its own. */
export async function runCloudInit(
  unpacked: string,
  url: string,
  into: string,
): Promise<LearnedByCloudInit> {
  const path = join(unpacked, 'root/usr/lib/python3/dist-packages')
  const script = join(import.meta.dirname, 'cloud-init.py')
  const { stdout } = await command('env', [
    ...[`PYTHONPATH=${path}`, 'PYTHONDONTWRITEBYTECODE=1', 'LANG=C.UTF-8'],
    ...['/usr/bin/python3', script, url, into],
  ])
  return JSON.parse(stdout) as LearnedByCloudInit
}
