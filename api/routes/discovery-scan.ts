// discovery/?op=scan: asks racks to look for neighbours, in MAAS's shape (maas-api §8.1). The wish is a row that all
// connected racks follow; what they find comes as neighbours.
import { type Cidr, parseCidr } from '#model/ipv4.ts'
import { json } from '../call.ts'
import { Rejection } from '../errors.ts'
import { custom, flag, integer } from '../params.ts'
import { operation, taking, type Action } from '../resource.ts'

const CIDRS_MAX = 256

const cidrs = custom<readonly Cidr[]>(
  'Networks to scan, repeated; all by default.',
  { type: 'array', items: { type: 'string' }, maxItems: CIDRS_MAX },
  (form, name) => {
    if (!form.input.has(name)) return undefined
    const given = form.input.list(name)
    if (given.length > CIDRS_MAX) return form.report(name, `At most ${CIDRS_MAX} networks.`)
    const parsed = given.map(parseCidr)
    const bad = given[parsed.indexOf(undefined)]
    if (bad !== undefined) return form.report(name, `'${bad.slice(0, 64)}' is not a network.`)
    return parsed.filter((each) => each !== undefined)
  },
)

export const SCAN: Action = taking(
  {
    cidr: cidrs,
    force: flag('Needed to scan all networks.'),
    always_use_ping: flag('Use ping where a scanner is there too.'),
    slow: flag('Spare the network.'),
    threads: integer('Addresses asked at once by each rack.', { min: 1, max: 1_024 }),
  },
  (run) => operation('POST', 'scan', { doc: 'Scan networks.' }, run),
  async (call, { cidr = [], force }) => {
    const { controllers } = await call.state()
    if (cidr.length === 0 && force !== true) {
      throw new Rejection('BAD_REQUEST', 'Scanning all networks is only done with force=true.')
    }
    const racks = [...controllers.values()].filter(({ kind }) => kind === 'rack')
    const asked = racks.filter(({ connected }) => connected).map(({ systemId }) => systemId)
    const away = racks.filter(({ connected }) => !connected).map(({ systemId }) => systemId)
    if (asked.length > 0) await call.propose({ type: 'neighbour.scan', cidrs: cidr })
    const word = asked.length === 1 ? 'rack' : 'racks'
    return json({
      result: asked.length === 0 ? 'No rack could start a scan.' : `${asked.length} ${word} scan.`,
      ...{ scan_attempted_on: asked, failed_to_connect_to: away, scan_started_on: asked },
      ...{ scan_failed_on: [], rpc_call_timed_out_on: [], failures: [] },
    })
  },
)
