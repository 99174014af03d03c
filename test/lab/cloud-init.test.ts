// cloud-init's own MAAS datasource, unmodified, from Debian, against real regions: it fetches preseed, metadata and user
// data, and reports back.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createHash } from 'node:crypto'
import { keyIn } from '../api/metadata/support/machines.ts'
import { TestCluster } from '../process/support/cluster.ts'
import { runCloudInit, unpackCloudInit } from './support/cloud-init.ts'

t.setTimeout(180_000)

type Ask = { readonly form?: Record<string, string> }
const CONFIG = '91_kernel_cmdline_url.cfg'
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a'
const USER_DATA = '#!/bin/sh\necho \u00fc\n'

type EventJson = { readonly type: string; readonly description: string }
type MachineJson = { readonly system_id: string; readonly status_name: string }

t.test('cloud-init boots a machine by it, from commissioning to Deployed', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-cloud-init-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const missing = await unpackCloudInit(directory).then(
    () => undefined,
    (error: unknown) => String(error),
  )
  if (missing !== undefined && process.env['CI'] === undefined) {
    t.pass(`SKIPPED: ${missing}`)
    process.stderr.write(`SKIPPED test/lab/cloud-init.test.ts: ${missing}\n`)
    return
  }
  t.equal(missing, undefined)
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const { nodes, admin } = await cluster.bootstrap()
  const [first = ''] = nodes.map(({ api_url }) => api_url)
  const ask = async <Answer>(method: string, path: string, { form }: Ask = {}) => {
    const response = await fetch(`${first}/MAAS/api/2.0/${path}`, {
      method,
      headers: { authorization: `Bearer ${admin.api_key}` },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }
  await ask('POST', 'account/prefs/sshkeys/', { form: { key: KEY } })
  const { system_id: id } = await ask<MachineJson>('POST', 'machines/', {
    form: {
      ...{ architecture: 'amd64/generic', mac_addresses: '52:54:00:00:00:01' },
      ...{ power_type: 'manual', hostname: 'node-1', enable_ssh: 'true' },
    },
  })
  const status = async () => (await ask<MachineJson>('GET', `machines/${id}/`)).status_name
  t.equal(await status(), 'Commissioning')

  const configOf = (place: string) => readFile(join(directory, place, CONFIG), 'utf8')
  const boot = async (place: string) => {
    const into = join(directory, place)
    await mkdir(into)
    const url = `${first}/MAAS/metadata/latest/by-id/${id}/?op=get_preseed`
    return runCloudInit(directory, url, into)
  }
  const commissioning = await boot('commissioning')
  t.match(commissioning, {
    ...{ found: true, datasource_list: ['MAAS'], instance_id: id, hostname: 'node-1.maas' },
    ...{ public_keys: [KEY], user_data: /^#!\/bin\/sh\n/, vendor_data: /^#cloud-config\n/ },
  })
  const events = await ask<{ readonly events: readonly EventJson[] }>(
    ...(['GET', `events/?op=query&id=${id}&level=DEBUG&limit=100`] as const),
  )
  const told = events.events.filter(({ type }) => type === 'Node status event')
  t.same(told.length, 1, 'of the stage, and not of its forty modules')
  t.match(told[0]?.description, /init-network/)

  await speak(first, keyIn(await configOf('commissioning')), { op: 'signal', status: 'OK' })
  t.equal(await status(), 'Ready')
  await ask('POST', 'machines/?op=allocate', { form: { system_id: id } })
  const user_data = Buffer.from(USER_DATA).toString('base64')
  // Nothing is booted here: any bytes are an image.
  const content = 'image'
  await ask('POST', 'boot-resources/', {
    form: {
      ...{ name: 'custom/image', architecture: 'amd64/generic', filetype: 'tgz', content },
      ...{ sha256: createHash('sha256').update(content).digest('hex'), size: '5' },
    },
  })
  const form = { user_data, distro_series: 'custom/image' }
  await ask('POST', `machines/${id}/?op=deploy`, { form })
  const installing = await boot('installing')
  t.match(installing, { found: true, instance_id: id })
  t.equal(await status(), 'Deploying')

  // As an installer leaves it on the disk.
  const config = (await configOf('installing')).replace('/metadata/curtin"', '/metadata/"')
  await mkdir(join(directory, 'installed'))
  await writeFile(join(directory, 'installed', CONFIG), config)
  const file = join(directory, 'installed', CONFIG)
  for (const time of ['first', 'second']) {
    const installed = await runCloudInit(directory, file, join(directory, 'installed'))
    t.match(installed, { found: true, user_data: USER_DATA, public_keys: [KEY] }, time)
    t.equal(await status(), 'Deployed')
  }
})

/** As the script that the machine runs does. */
async function speak(
  url: string,
  key: ReturnType<typeof keyIn>,
  form: Record<string, string>,
): Promise<void> {
  const fields = {
    ...{ oauth_version: '1.0', oauth_signature_method: 'PLAINTEXT', oauth_nonce: '1' },
    ...{ oauth_consumer_key: key.consumerKey, oauth_token: key.tokenKey },
    oauth_signature: `%26${key.tokenSecret}`,
    oauth_timestamp: String(Math.floor(Date.now() / 1_000)),
  }
  const pairs = Object.entries(fields).map(([name, value]) => `${name}="${value}"`)
  const response = await fetch(`${url}/MAAS/metadata/latest/`, {
    method: 'POST',
    headers: { authorization: `OAuth ${pairs.join(', ')}` },
    body: new URLSearchParams(form),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}
