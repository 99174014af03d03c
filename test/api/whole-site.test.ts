// A whole site is built through the API alone by form bodies, by multipart bodies as MAAS's own clients write them, and
// by JSON: the states are equal to the last row. `test/process/whole-site.test.ts` does it on live clusters.
import { createHash } from 'node:crypto'
import t from 'tap'
import { digest } from '#state/snapshot.ts'
import type { RegionState } from '#state/state.ts'
import { SITE, siteCalls } from '#test/support/whole-site.ts'
import { encodeBody, ENCODINGS } from '#tools/walk/bodies.ts'
import { startTestApi, SYSTEM } from './support/api.ts'

// tap ends a file after 30 s unless told otherwise.
t.setTimeout(120_000)

/** Digest of all rows but the audit, which has ids of requests; the clock of the tests stands still. */
function digestOf(state: RegionState): string {
  const hash = createHash('sha256')
  digest(state, (line) => {
    if (!line.startsWith('{"table":"auditEvents"')) hash.update(line)
  })
  return hash.digest('hex')
}

t.test('one site by three encodings', async (t) => {
  const digests: string[] = []
  for (const encoding of ENCODINGS) {
    const api = await startTestApi(t)
    // Its salt is random; nothing of the site is.
    await api.region.propose(
      { type: 'user.update', id: 1 as never, set: { passwordHash: '' } },
      { actor: SYSTEM },
    )
    for (const [path, fields] of siteCalls()) {
      const { type, text } = encodeBody(encoding, fields)
      const answer = await api.ask('POST', path, { body: text, headers: { 'content-type': type } })
      if (answer.status !== 200) throw new Error(`${encoding} ${path}: ${answer.text}`)
    }
    const { state } = api.region.local()
    // The default domain has a row as well.
    t.same(
      {
        ...{ fabrics: state.fabrics.size, vlans: state.vlans.size, subnets: state.subnets.size },
        ...{ domains: state.domains.size - 1, snippets: state.dhcpSnippets.size },
        ...{ ranges: state.ipRanges.size, reservedIps: state.reservations.size },
        ...{ addresses: state.ipAddresses.size, routes: state.staticRoutes.size },
        ...{ resources: state.dnsResources.size, records: state.dnsRecords.size },
      },
      SITE,
      encoding,
    )
    t.match((await api.get('spaces/')).json[0], { description: 'größer' })
    digests.push(digestOf(state))
  }
  t.equal(new Set(digests).size, 1)
})
