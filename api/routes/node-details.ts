// `op=details` of every kind of node: what lshw and lldp said, as a BSON document. Nobody runs lldp here, and lshw's part
// is what is known of a machine, written in its way; nulls elsewhere, as MAAS has them for a node that was never commissioned.
import type { SystemId } from '#model/ids.ts'
import { encodeBson } from '../bson.ts'
import { bytes, type Answer, type Call } from '../call.ts'
import { hardwareXml } from '../hardware-xml.ts'
import { operation, taking, type Action } from '../resource.ts'

/** `checkVisible` throws NOT_FOUND unless the node in the path is there for this user. */
export function detailsOf(checkVisible: (call: Call) => Promise<unknown>): Action {
  const run = async (call: Call): Promise<Answer> => {
    await checkVisible(call)
    const state = await call.state()
    const machine = state.machines.get(call.param('system_id') as SystemId)
    const lshw = machine === undefined ? null : Buffer.from(hardwareXml(state, machine))
    return bytes(encodeBson({ lshw, lldp: null }), 'application/bson')
  }
  const doc = 'Show what lshw and lldp found, as a BSON document.'
  return taking({}, (own) => operation('GET', 'details', { doc }, own), run)
}
