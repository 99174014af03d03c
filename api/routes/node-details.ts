// `op=details` of every kind of node: what lshw and lldp said, as a BSON document. Nobody runs either here, which the
// document says with nulls, as MAAS's does for a node that was never commissioned.
import { encodeBson } from '../bson.ts'
import { bytes, type Answer, type Call } from '../call.ts'
import { operation, taking, type Action } from '../resource.ts'

/** `checkVisible` throws NOT_FOUND unless the node in the path is there for this user. */
export function detailsOf(checkVisible: (call: Call) => Promise<unknown>): Action {
  const run = async (call: Call): Promise<Answer> => {
    await checkVisible(call)
    return bytes(encodeBson({ lshw: null, lldp: null }), 'application/bson')
  }
  const doc = 'Show what lshw and lldp found, as a BSON document.'
  return taking({}, (own) => operation('GET', 'details', { doc }, own), run)
}
