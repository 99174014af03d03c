// The BMC that a machine finds in itself while it is commissioned. It is used where no operator has set one, and only
// after a look at what it names: racks will sign in there, so a machine must not aim them at the BMC of another one,
// at our own controllers, or at anything but the address of a BMC.
import { bmcOf } from '#model/bmc.ts'
import { POWER_LEVEL } from '#model/feature-level.ts'
import type { SystemId } from '#model/ids.ts'
import { contains, isIpv4, parseIp, parseIpCidr, type Ip, type IpCidr } from '#model/ip.ts'
import { takesFoundBmc } from '#model/life-cycle.ts'
import type { Machine } from '#model/machine.ts'
import { IN_BAND_POWER_TYPES, POWER_TYPES } from '#model/power-types.ts'
import { DONE, notFound, type Context, type Handler } from './context.ts'
import { addEvent } from './events.ts'
import { liveHold } from './free.ts'
import { whyNotBelieved } from './machine-tokens.ts'
import { machineWith, takeBmc } from './power-farewells.ts'
import { subnetOf } from './query.ts'
import type { RegionState } from './state.ts'

type Told = Pick<Machine, 'powerType' | 'powerParameters'>

const NO_BMC = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3']
/** Of IPv6 only these: the rest is special, or another way to write an IPv4 address. */
const BMC_V6 = ['2000::/3', 'fc00::/7']

/** Done also when it is not used: the machine has nothing to learn from it. */
export const foundBmc: Handler<'machine.foundBmc'> = (context, command) => {
  const { state, wall } = context
  const { systemId, powerType, powerParameters } = command
  const machine = state.machines.get(systemId)
  if (machine === undefined) return notFound('Machine')
  const refusal = whyNotBelieved(context, command)
  if (refusal !== null) return refusal
  if (!takesFoundBmc(machine) || machine.locked) return DONE
  const told = { powerType, powerParameters }
  const why = whyNotUsed(context, told, systemId) ?? takeBmc(context, told)?.message ?? null
  if (why !== null) {
    refuseFound(context, systemId, why)
    return DONE
  }
  state.machines.put(systemId, { ...machine, ...told, updatedWall: wall })
  addEvent(context, {
    ...{ systemId, username: '', level: 'INFO', type: 'BMC found' },
    description: `${powerType} at ${powerParameters['power_address'] ?? ''}`,
  })
  return DONE
}

/** What a machine that enlists itself may say of its power; by hand where that is not used. */
export function powerOfEnlisted(
  context: Context,
  systemId: SystemId,
  { powerType, powerParameters }: Told,
): Told {
  const told = { powerType, powerParameters }
  const isBelieved = context.actor.kind !== 'anonymous' || context.state.featureLevel < POWER_LEVEL
  if (isBelieved || bmcOf(told.powerType, told.powerParameters) === null) return told
  const why = whyNotUsed(context, told, systemId)
  if (why === null) return told
  refuseFound(context, systemId, why)
  return { powerType: 'manual', powerParameters: {} }
}

function refuseFound(context: Context, systemId: SystemId, why: string): void {
  addEvent(context, {
    ...{ systemId, username: '', level: 'WARNING', type: 'BMC not used' },
    description: `The machine says what its BMC is: ${why}`,
  })
}

/** Null: it may be used. */
function whyNotUsed({ state, now }: Context, told: Told, systemId: SystemId): string | null {
  const { powerType, powerParameters } = told
  const misfit = whyMisfit(told)
  if (misfit !== null) return misfit
  const address = powerParameters['power_address'] ?? ''
  const bmc = bmcOf(powerType, powerParameters)
  const ip = parseIp(address)
  // A name may mean another host tomorrow, and a port another service.
  if (bmc === null || ip === undefined) return 'power_address is no plain IP address.'
  if (!isHost(ip)) return `${address} is no address that a BMC may have.`
  if (state.controllerAddresses.has(ip)) return `${address} belongs to a controller.`
  const isPeer = [...state.members.values()].some(({ host, apiUrl }) =>
    [host, apiUrl].some((text) => bmcOf(powerType, { power_address: text })?.host === bmc.host),
  )
  if (isPeer) return `${address} belongs to a region.`
  const gateway = subnetOf(state, ip)?.gatewayIp
  if (gateway === ip) return `${address} is a gateway.`
  if (isOfSystem(state, now, ip)) return `${address} is an address of a machine or device.`
  const other = machineWith(state, bmc, systemId)
  return other === undefined ? null : `${address} is the BMC of ${other.hostname}.`
}

/** By the fields of its type, as they are described to operators. */
function whyMisfit({ powerType, powerParameters }: Told): string | null {
  const type = IN_BAND_POWER_TYPES.has(powerType)
    ? POWER_TYPES.find(({ name }) => name === powerType)
    : undefined
  if (type === undefined) return `${powerType} is no BMC that is found from inside.`
  const names = new Set(type.fields.map(({ name }) => name))
  const strange = Object.keys(powerParameters).find((name) => !names.has(name))
  if (strange !== undefined) return `${powerType} has no parameter ${strange}.`
  for (const { name, choices, required, default: normal, type: kind } of type.fields) {
    const value = powerParameters[name] ?? normal
    if (value === '' && required) return `${name} is missing.`
    const isChoice = kind === 'choice' && value !== ''
    if (isChoice && !choices.some(([each]) => each === value))
      return `${name} is none of its choices.`
  }
  return null
}

const NEVER = NO_BMC.map(cidrOf)
const ALLOWED_V6 = BMC_V6.map(cidrOf)

function isHost(ip: Ip): boolean {
  const isInside = (cidr: IpCidr): boolean => contains(cidr, ip)
  return isIpv4(ip) ? !NEVER.some(isInside) : ALLOWED_V6.some(isInside)
}

function cidrOf(text: string): IpCidr {
  const cidr = parseIpCidr(text)
  if (cidr === undefined) throw new Error(text)
  return cidr
}

/** Of an operating system: given to a link, or leased to a card that we know. A BMC's own lease is no obstacle. */
function isOfSystem(state: RegionState, now: number, ip: Ip): boolean {
  if (state.ipAddresses.get(ip)?.interfaceId !== undefined) return true
  const hold = liveHold(state, now, ip)
  return hold !== undefined && state.interfacesByMac.has(hold.mac)
}
