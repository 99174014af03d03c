// `machines/?op=clone` of MAAS 3.x: the storage or the network of one machine on others, all or none (maas-api §9).
import { parseSystemId, type SystemId } from '#model/ids.ts'
import { NO_CONTENT } from '../call.ts'
import { fieldError } from '../errors.ts'
import { flag, list, text } from '../params.ts'
import { operation, taking } from '../resource.ts'

const CLONE = {
  source: text('System id of the machine to be cloned.', { required: true, max: 64 }),
  destinations: list('System ids of those that become like it.', { required: true }),
  storage: flag('Clone how its disks are laid out.'),
  interfaces: flag('Clone its network configuration; static addresses are new ones.'),
}

export const CLONE_MACHINE = taking(
  CLONE,
  (run) => {
    const doc = 'Configure machines like another one, all or none.'
    return operation('POST', 'clone', { access: 'admin', doc }, run)
  },
  async (call, { source = '', destinations = [], storage = false, interfaces = false }) => {
    await call.propose({
      ...{ type: 'machine.clone', source: systemId('source', source) },
      destinations: destinations.map((each) => systemId('destinations', each)),
      ...{ storage, interfaces },
    })
    return NO_CONTENT
  },
)

function systemId(field: string, given: string): SystemId {
  const id = parseSystemId(given)
  if (id !== undefined) return id
  throw fieldError(field, `Unknown machine: ${given.slice(0, 64)}.`)
}
