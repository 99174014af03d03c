// `meta-data/…` (maas-api §11): who the machine is, and whose keys open it.
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import { configOf } from '#state/config-keys.ts'
import { fqdnOf } from '#state/query-dns.ts'
import type { RegionState } from '#state/state.ts'

/** A text, or undefined where there is no such document (404, which cloud-init takes for "none"). */
type Document = (state: RegionState, machine: Machine) => string | undefined

const DOCUMENTS: Readonly<Record<string, Document>> = {
  'instance-id': (_state, { systemId }) => systemId,
  'local-hostname': fqdnOf,
  'public-keys': publicKeys,
  'vendor-data': vendorData,
  x509: certificates,
}

/** `name` is what follows `meta-data/`; '' lists the others. */
export function metaData(state: RegionState, machine: Machine, name: string): string | undefined {
  if (name !== '') {
    return Object.hasOwn(DOCUMENTS, name) ? DOCUMENTS[name]?.(state, machine) : undefined
  }
  const names = Object.keys(DOCUMENTS).filter(
    (each) => each !== 'public-keys' || publicKeys(state, machine) !== undefined,
  )
  return names.join('\n')
}

/** Of machines that nobody knows yet. */
export function enlistMetaData(name: string): string | undefined {
  switch (name) {
    case '':
      return 'instance-id\nlocal-hostname\npublic-keys'
    case 'instance-id':
      return 'i-maas-enlistment'
    case 'local-hostname':
      return 'maas-enlisting-node'
    case 'public-keys':
      return ''
    default:
      return undefined
  }
}

const OPEN: ReadonlySet<MachineStatus> = new Set([
  ...[S.DEPLOYING, S.DEPLOYED, S.ENTERING_RESCUE_MODE, S.RESCUE_MODE],
  // What runs from memory may be back before its power is reported.
  S.EXITING_RESCUE_MODE,
])

/** Whether somebody may log in to what it boots: always to his own system, to the other ones when asked for. */
export function isSshOn(state: RegionState, { status, systemId }: Machine): boolean {
  if (OPEN.has(status)) return true
  const work = state.machineWork.get(systemId)?.work
  return (work?.kind === 'commission' || work?.kind === 'test') && work.options.enableSsh
}

/** Of the owner: while a machine that is nobody's is at work, that is the administrator who asked for it. */
function publicKeys(state: RegionState, machine: Machine): string | undefined {
  if (machine.ownerId === null || !isSshOn(state, machine)) return undefined
  const keys = state.sshKeysByUser.rows(machine.ownerId).map(({ key }) => key)
  return keys.length === 0 ? undefined : keys.join('\n')
}

function certificates(state: RegionState, { ownerId }: Machine): string {
  if (ownerId === null) return ''
  return state.sslKeysByUser
    .rows(ownerId)
    .map(({ key }) => key)
    .join('\n')
}

/** YAML: a string in JSON is one in YAML, too. */
function vendorData(state: RegionState): string {
  const servers = String(configOf(state, 'ntp_servers') ?? '')
    .split(/[\s,]+/)
    .filter((server) => server !== '')
  const config = servers.length === 0 ? {} : { ntp: { enabled: true, pools: [], servers } }
  return `cloud-init: ${JSON.stringify(`#cloud-config\n${JSON.stringify(config)}\n`)}\n`
}
