// What a commissioning machine is made of becomes its rows: the machine's own, interfaces, disks, devices, details. All
// of one report or nothing.
import type { FoundHardware } from '#model/found-hardware.ts'
import { MACHINE_STATUS as S, type Machine, type MachineStatus } from '#model/machine.ts'
import { DONE, nextId, notFound, refuse, type Context, type Handler } from './context.ts'
import { applyDisks } from './found-disks.ts'
import { replaceDevices } from './found-devices.ts'
import { applyInterfaces } from './found-interfaces.ts'
import { statusName } from './life-cycle-texts.ts'
import { reconcileStorage } from './storage-defaults.ts'
import { renewDeviceTests } from './script-sets.ts'

/** New: the boot that enlists it. */
const LOOKED_AT: ReadonlySet<MachineStatus> = new Set([S.NEW, S.COMMISSIONING])

const VIRTUAL_TAG = 'virtual'

export const applyFacts: Handler<'machine.facts'> = (context, { systemId, facts }) => {
  const { state, wall } = context
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  if (!LOOKED_AT.has(machine.status)) {
    return refuse('CONFLICT', `Nobody asked what it is made of (${statusName(machine.status)}).`)
  }
  const work = state.machineWork.get(systemId)?.work
  const options = work?.kind === 'commission' ? work.options : undefined
  const refusal = applyInterfaces(context, systemId, {
    ...{ found: facts.interfaces, bootMac: facts.bootMac },
    keepAll: options?.skipNetworking === true,
  })
  if (refusal !== null) return refusal
  applyDisks(context, systemId, {
    ...{ found: facts.disks, keepAll: options?.skipStorage === true },
  })
  reconcileStorage(context, systemId)
  replaceDevices(context, systemId, facts.devices)
  state.hardwareDetails.put(systemId, { systemId, ...facts.details, reportedWall: wall })
  const next = { ...withFacts(machine, facts), updatedWall: wall }
  state.machines.put(systemId, withBootInterface(context, next, facts))
  tagVirtual(context, systemId, facts)
  renewDeviceTests(context, systemId)
  return DONE
}

function withFacts(machine: Machine, facts: FoundHardware): Machine {
  return {
    ...machine,
    architecture: facts.architecture || machine.architecture,
    hardwareUuid: facts.hardwareUuid ?? machine.hardwareUuid,
    cpuCount: facts.cpuCount || machine.cpuCount,
    cpuSpeedMhz: facts.cpuSpeedMhz || machine.cpuSpeedMhz,
    memoryMib: facts.memoryMib || machine.memoryMib,
    biosBootMethod: facts.biosBootMethod || machine.biosBootMethod,
    hardware: facts.hardware,
  }
}

/** The one it says it booted from; one that is gone is replaced by the first there is. */
function withBootInterface({ state }: Context, machine: Machine, facts: FoundHardware): Machine {
  const rows = state.interfacesByMachine.rows(machine.systemId)
  const booted = rows.find((row) => row.mac !== null && row.mac === facts.bootMac)
  const known = rows.find(({ id }) => id === machine.bootInterfaceId)
  const bootInterfaceId = (booted ?? known ?? rows[0])?.id ?? null
  return { ...machine, bootInterfaceId }
}

/** As MAAS does: a tag of that name, made when it is needed first. */
function tagVirtual(
  { state }: Context,
  systemId: Machine['systemId'],
  { details }: FoundHardware,
): void {
  const machine = state.machines.get(systemId)
  if (machine === undefined || details.virtuality === '') return
  const isVirtual = details.virtuality !== 'none'
  const others = machine.tagNames.filter((name) => name !== VIRTUAL_TAG)
  if (isVirtual === others.length < machine.tagNames.length) return
  if (isVirtual && !state.tagsByName.has(VIRTUAL_TAG)) {
    const id = nextId<number>(state, 'tags')
    const texts = { definition: '', comment: 'Virtual machines', kernelOpts: '' }
    state.tags.put(id, { id, name: VIRTUAL_TAG, ...texts })
  }
  const tagNames = isVirtual ? [...others, VIRTUAL_TAG].toSorted() : others
  state.machines.put(systemId, { ...machine, tagNames })
}
