// MAAS's own command line and libmaas, both built from what `describe/` says, by the requests that they make: logging in,
// the life of a machine, an image that is uploaded in pieces.
import { createHash } from 'node:crypto'
import t from 'tap'
import { authorization } from '#tools/client.ts'
import type { Answer } from './support/answer.ts'
import { answerOf } from './support/answer.ts'
import { DescribedClient, takesData, type Description } from './support/described.ts'
import { LIBMAAS } from './support/libmaas-shapes.ts'
import type { Pairs } from './support/python-client.ts'
import { Reader } from './support/reader.ts'
import { Site } from './support/site.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

const GIB = 1024 ** 3

t.test('MAAS’s CLI and libmaas', async (t) => {
  const site = await Site.start(t)
  const api = `${site.url}/api/2.0/`
  const host = site.url.replace(/\/MAAS$/, '')
  const described = await answerOf(`${api}describe/`, {})
  const description = described.json as Description
  const cli = new DescribedClient(host, site.apiKey, description, 'cli')
  const reader = new Reader(LIBMAAS)

  await t.test('login: a key, or a name and a password', async (t) => {
    t.equal(described.headers.get('content-type'), 'application/json', 'the CLI compares all of it')
    const signed = (key: string) => ({ headers: { authorization: authorization(key) } })
    t.equal((await answerOf(`${api}users/?op=whoami`, signed(site.apiKey))).status, 200)
    const wrong = await answerOf(`${api}users/?op=whoami`, signed('a:b:c'))
    t.equal(wrong.status, 401, 'any other status is «an unexpected response»')
    const url = `${api.slice(0, -1)}/account/?op=create_authorisation_token`
    t.equal((await answerOf(url, { method: 'POST' })).status, 401, 'no macaroons')
    const version = await answerOf(`${api}version/`, {})
    t.ok(version.json.capabilities.includes('authenticate-api'))
    const body = new URLSearchParams({
      username: 'admin',
      password: site.password,
      consumer: 'me@h',
    })
    const asked = answerOf(`${site.url}/accounts/authenticate/`, { method: 'POST', body })
    const key = await reader.read('key', 'authenticate', asked)
    const own = `${key.consumer_key}:${key.token_key}:${key.token_secret}`
    const me = await answerOf(`${api}users/?op=whoami`, signed(own))
    t.equal((await reader.read('user', 'whoami', Promise.resolve(me))).username, 'admin')
    t.equal(me.headers.get('x-maas-api-hash'), description.hash, 'else the CLI warns at every call')
  })

  await t.test('commands take data where the API takes parameters', (t) => {
    const mute = description.resources.flatMap(({ name, auth, anon }) =>
      ((auth ?? anon)?.actions ?? [])
        .filter(({ method, doc }) => method === 'PUT' && !takesData(doc))
        .map((action) => `${name} ${action.name}`),
    )
    t.strictSame(mute.toSorted(), [
      'BootResourceFileUploadHandler update',
      'FanNetworkHandler update',
      'ImageSyncProgressHandler update',
      'NetworkHandler update',
    ])
    t.end()
  })

  const run = async (
    handler: string,
    action: string,
    at: readonly (string | number)[] = [],
    data: Pairs = [],
  ) => {
    const answer = await cli.call(handler, action, at, data)
    if (answer.status > 299)
      throw new Error(`${handler} ${action}: ${answer.status} ${answer.text}`)
    return answer.json
  }

  await t.test('maas admin …: a machine from nothing to Deployed and gone', async (t) => {
    const fabric = await run('fabrics', 'create', [], [['name', 'cli']])
    await run('vlan', 'update', [fabric.id, 0], [['mtu', '1600']])
    const subnet = await run(
      'subnets',
      'create',
      [],
      [
        ['cidr', '10.7.0.0/24'],
        ['vlan', String(fabric.vlans[0].id)],
      ],
    )
    await run('subnet', 'update', [subnet.cidr], [['gateway_ip', '10.7.0.1']])
    await run(
      'ipranges',
      'create',
      [],
      [
        ['type', 'reserved'],
        ['start_ip', '10.7.0.2'],
        ['end_ip', '10.7.0.9'],
      ],
    )
    const made = await run(
      'machines',
      'create',
      [],
      [
        ['architecture', 'amd64'],
        ['mac_addresses', '52:54:00:dd:00:01'],
        ['power_type', 'manual'],
        ['hostname', 'clı1'.replace('ı', 'i')],
        ['commission', 'false'],
      ],
    )
    const id = made.system_id
    t.equal(made.status_name, 'New')
    await run('machine', 'commission', [id], [['testing_scripts', 'none']])
    await site.commissioned(id)
    t.match(await run('machines', 'read', [], [['hostname', 'cli1']]), [{ status_name: 'Ready' }])
    const [nic] = await run('interfaces', 'read', [id])
    await run('interface', 'update', [id, nic.id], [['vlan', String(fabric.vlans[0].id)]])
    await run(
      'interface',
      'link-subnet',
      [id, nic.id],
      [
        ['mode', 'AUTO'],
        ['subnet', subnet.cidr],
      ],
    )
    const disk = await run(
      'block-devices',
      'create',
      [id],
      [
        ['name', 'sda'],
        ['id_path', '/dev/sda'],
        ['size', String(20 * GIB)],
        ['block_size', '512'],
      ],
    )
    await run('machine', 'set-storage-layout', [id], [['storage_layout', 'lvm']])
    const [group] = await run('volume-groups', 'read', [id])
    t.equal(group.logical_volumes.length, 1)
    await run('machine', 'set-storage-layout', [id], [['storage_layout', 'flat']])
    const [partition] = await run('partitions', 'read', [id, disk.id])
    t.match(await run('partition', 'read', [id, disk.id, partition.id]), { device_id: disk.id })
    await run('tags', 'create', [], [['name', 'cli-tag']])
    await run('tag', 'update-nodes', ['cli-tag'], [['add', id]])
    await run('machines', 'allocate', [], [['tags', 'cli-tag']])
    await run('machine', 'set-owner-data', [id], [['role', 'web']])
    const deploy: Pairs = [
      ['distro_series', 'bookworm'],
      ['user_data', Buffer.from('#!/bin/sh\n').toString('base64')],
    ]
    t.equal((await run('machine', 'deploy', [id], deploy)).status_name, 'Deploying')
    t.equal(await site.deployed(id), '#!/bin/sh\n')
    t.match(await run('machine', 'read', [id]), {
      status_name: 'Deployed',
      owner_data: { role: 'web' },
    })
    t.match(await run('machine', 'query-power-state', [id]), { state: /^\w+$/ })
    t.ok(
      (
        await run(
          'events',
          'query',
          [],
          [
            ['id', id],
            ['limit', '5'],
          ],
        )
      ).events.length > 0,
    )
    const erase: Pairs = [
      ['erase', 'true'],
      ['quick_erase', 'true'],
    ]
    t.equal((await run('machine', 'release', [id], erase)).status_name, 'Disk erasing')
    await run('machine', 'abort', [id])
    await run('machine', 'delete', [id])
    const gone = await cli.call('machine', 'read', [id])
    t.equal(gone.status, 404)
    t.match(gone.headers.get('content-type'), /^text\//, 'it is printed as a text')
  })

  await t.test('an image is uploaded in pieces of 4 MiB', async (t) => {
    const content = Buffer.alloc((4 << 20) + 1_000, 'image')
    const sha256 = createHash('sha256').update(content).digest('hex')
    const begun = await run(
      'boot-resources',
      'create',
      [],
      [
        ['architecture', 'amd64/generic'],
        ['filetype', 'tgz'],
        ['name', 'custom/cli'],
        ['sha256', sha256],
        ['size', String(content.length)],
      ],
    )
    const newest = Object.keys(begun.sets).toSorted().at(-1) ?? ''
    const files = Object.values(begun.sets[newest].files) as {
      complete: boolean
      upload_uri: string
    }[]
    t.strictSame([files.length, files[0]?.complete], [1, false])
    for (const from of [0, 4 << 20]) {
      const headers = {
        'content-type': 'application/octet-stream',
        authorization: authorization(site.apiKey),
      }
      const body = content.subarray(from, from + (4 << 20))
      const url = new URL(files[0]?.upload_uri ?? '', api).href
      t.equal((await answerOf(url, { method: 'PUT', headers, body })).status, 200)
    }
    const shown = await run('boot-resource', 'read', [begun.id])
    t.match(Object.values(shown.sets).at(-1), { complete: true })
    await run('boot-resource', 'delete', [begun.id])
  })

  await t.test('libmaas: every list, and the life of a machine', async (t) => {
    const client = new DescribedClient(host, site.apiKey, description, 'libmaas')
    const ask = (
      type: string,
      handler: string,
      action: string,
      at: readonly (string | number)[] = [],
      data: Pairs = [],
    ) => reader.read(type, `${handler} ${action}`, client.call(handler, action, at, data))
    await client.call(
      'BootSources',
      'create',
      [],
      [
        ['url', 'http://images.example.org/'],
        ['keyring_filename', '/usr/share/keyrings/x.gpg'],
      ],
    )
    await site.enlisted()
    const lists = {
      Machines: 'machine',
      Subnets: 'subnet',
      Fabrics: 'fabric',
      Spaces: 'space',
      Zones: 'place',
      ResourcePools: 'place',
      Domains: 'domain',
      Tags: 'tag',
      Users: 'user',
      IPRanges: 'range',
      StaticRoutes: 'route',
      BootResources: 'resource',
      BootSources: 'source',
      Pods: 'obj',
    }
    for (const [handler, kind] of Object.entries(lists)) {
      const type = kind === 'obj' ? '[obj]' : `[<${kind}>]`
      await ask(type, handler, 'read')
    }
    const made = await ask(
      'machine',
      'Machines',
      'create',
      [],
      [
        ['architecture', 'amd64/generic'],
        ['mac_addresses', '52:54:00:ee:00:01'],
        ['mac_addresses', '52:54:00:ee:00:02'],
        ['power_type', 'manual'],
        ['power_parameters', '{}'],
      ],
    )
    const id = made.system_id
    t.equal(made.interface_set.length, 2)
    await site.commissioned(id)
    t.equal((await ask('machine', 'Machine', 'read', [id])).status, 4)
    await ask('machine', 'Machines', 'allocate', [], [['agent_name', 'libmaas']])
    const none = await client.call('Machines', 'allocate', [], [['cpu_count', '64']])
    t.equal(none.status, 409, 'MachineNotFound')
    // `base64.encodebytes` ends a line after 76 characters, and the last one too.
    const script = `#!/bin/sh\n${'echo libmaas\n'.repeat(20)}`
    const lines = Buffer.from(script)
      .toString('base64')
      .replaceAll(/(.{1,76})/g, '$1\n')
    await ask(
      'machine',
      'Machine',
      'deploy',
      [id],
      [
        ['user_data', lines],
        ['distro_series', 'bookworm'],
      ],
    )
    t.equal(await site.deployed(id), script)
    await ask('machine', 'Machine', 'lock', [id])
    await ask('machine', 'Machine', 'unlock', [id])
    await ask('machine', 'Machine', 'release', [id])
    const [, nic] = made.interface_set
    await ask('interface', 'Interface', 'read', [id, nic.id])
    await ask('interface', 'Interface', 'disconnect', [id, nic.id])
    const disk: Pairs = [
      ['name', 'sdz'],
      ['size', String(9 * GIB)],
      ['block_size', '512'],
      ['id_path', '/dev/z'],
    ]
    const made1 = await ask('disk', 'BlockDevices', 'create', [id], disk)
    const size: Pairs = [['size', String(3 * GIB)]]
    const part = await ask('partition', 'Partitions', 'create', [id, made1.id], size)
    await ask('partition', 'Partition', 'format', [id, made1.id, part.id], [['fstype', 'ext4']])
    await ask('events', 'Events', 'query', [], [['limit', '3']])
    t.equal((await client.call('Machine', 'delete', [id])).status, 204)
    const names: readonly Answer['text'][] = client.names
    for (const name of ['MAAS', 'Version', 'VolumeGroup', 'Raids', 'Bcaches', 'SSHKeys']) {
      t.ok(names.includes(name), name)
    }
  })
})
