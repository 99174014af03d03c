// Every call of MAAS's catalogue that is served, outside of machine life cycle, storage and images, against a live
// cluster of three regions with two racks: `tools/api-walk.ts` as an operator runs it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { eventually, signed, TestCluster } from './support/cluster.ts'
import { LinkRack } from './support/link-rack.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(180_000)

const run = promisify(execFile)
const TOOL = join(import.meta.dirname, '../../tools/api-walk.ts')

t.test('the catalogue is walked over three regions, and nothing differs', async (t) => {
  const cluster = await TestCluster.make()
  t.teardown(() => cluster.remove())
  const { admin, nodes, rack_token: token } = await cluster.bootstrap()
  await cluster.leader()
  const regions = nodes.map(({ peer_address: peer }) => peer)
  const racks = await Promise.all(
    ['rackaa', 'rackbb'].map((id, at) =>
      LinkRack.join({
        ...{ id, token, regions, address: `192.0.2.${at + 2}/24` },
        mac: `52:54:00:ff:00:0${at}`,
      }),
    ),
  )
  t.teardown(() => racks.forEach((rack) => rack.close()))
  // The second one is deleted by the walk.
  racks[0]?.keepAlive()
  const listed = async (kind: string): Promise<unknown[]> => {
    const url = `${nodes[0]?.api_url}/MAAS/api/2.0/${kind}controllers/`
    const answer = await fetch(url, { headers: signed(admin.api_key) })
    return (await answer.json()) as unknown[]
  }
  await eventually('racks and regions are known', 30, async () =>
    (await listed('rack')).length === 2 && (await listed('region')).length === 3 ? true : undefined,
  )
  const urls = nodes.flatMap(({ api_url: url }) => ['--url', url])
  const args = [TOOL, ...urls, '--key', admin.api_key, '--disposable']
  const { stdout } = await run(process.execPath, args, { timeout: 150_000 }).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => {
      const differing = error.stdout.split('\n').filter((line) => !/^(?:ok|refusals) /.test(line))
      throw new Error(`${differing.join('\n')}\n${error.stderr}`)
    },
  )
  t.match(
    stdout,
    /\n3\d\d calls: (3\d\d) as in MAAS, 0 by their refusals only, 0 differ, 0 skipped\n$/,
  )
  for (const region of ['1', '2', '3']) {
    t.match(stdout, new RegExp(String.raw`\nok +200 +${region} `), `region ${region} was asked`)
  }
  t.equal((await listed('rack')).length, 1, 'one rack was deleted')
  t.equal((await listed('region')).length, 2, 'one region left')
})
