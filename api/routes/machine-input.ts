// Fields of a machine from a form: creation by an operator, enlistment by a machine nobody knows, update.
import { parseMac } from '#model/mac-address.ts'
import type { Machine } from '#model/machine.ts'
import type { CommandOf, MachineFields, NewInterface } from '#state/command.ts'
import { isUsable, parseHardware, type HardwareReport } from '../hardware-report.ts'
import type { Form } from '../input.ts'
import { present } from './fabrics.ts'

const ARCHITECTURE = /^[a-z0-9][\w.+-]{0,31}(?:\/[a-z0-9][\w.+-]{0,31})?$/i
const POWER_TYPE = /^[a-z0-9_-]{1,32}$/
const MACS_MAX = 64
const POWER_PARAMETERS_MAX = 64
const POWER_VALUE_CHARACTERS_MAX = 4_096

export type NewMachine = Omit<CommandOf<'machine.create'>, 'type' | 'systemId'>

/** Errors are reported to `form`; the value counts only after `form.check()`. */
export function readNewMachine(form: Form): NewMachine {
  for (const name of ['architecture', 'mac_addresses']) form.require(name)
  const report = hardwareField(form)
  const architecture = architectureField(form) ?? ''
  const counted = countedFields(form)
  return {
    hostname: hostnameField(form) ?? '',
    description: form.text('description', { max: 4_096 }) ?? '',
    architecture,
    powerType: powerTypeField(form) ?? 'manual',
    powerParameters: powerParametersField(form, {}) ?? {},
    powerState: 'unknown',
    interfaces: interfacesField(form, report),
    blockDevices: report?.blockDevices ?? [],
    hardware: report?.facts ?? null,
    hardwareUuid: report?.hardwareUuid ?? null,
    cpuCount: counted.cpuCount ?? report?.cpuCount ?? 0,
    cpuSpeedMhz: report?.cpuSpeedMhz ?? 0,
    memoryMib: counted.memoryMib ?? report?.memoryMib ?? 0,
    biosBootMethod: report?.biosBootMethod ?? '',
  }
}

export function readMachineChanges(form: Form, machine: Machine): MachineFields {
  const before = form.input.has('power_type') ? {} : machine.powerParameters
  return present({
    hostname: hostnameField(form),
    description: form.text('description', { max: 4_096 }),
    architecture: architectureField(form),
    powerType: powerTypeField(form),
    powerParameters: powerParametersField(form, before),
    minHweKernel: form.text('min_hwe_kernel', { max: 64 }),
    ...countedFields(form),
  })
}

function countedFields(form: Form) {
  return {
    cpuCount: form.integer('cpu_count', { min: 0, max: 65_536 }),
    memoryMib: form.integer('memory', { min: 0, max: 2 ** 40 }),
  }
}

function hostnameField(form: Form): string | undefined {
  const name = form.text('hostname', { max: 253 })?.trim().toLowerCase()
  // What follows the first dot is the domain: `node-domain.ts`.
  return name?.split('.', 1)[0]
}

/** `amd64` means `amd64/generic`; MAAS takes the second half in a field of its own, too. */
function architectureField(form: Form): string | undefined {
  const message = 'Enter an architecture such as amd64/generic.'
  const text = form.text('architecture', { pattern: ARCHITECTURE, message })
  if (text === undefined || text === '') return undefined
  if (text.includes('/')) return text
  return `${text}/${form.text('subarchitecture', { pattern: /^[\w.+-]{1,32}$/ }) || 'generic'}`
}

function powerTypeField(form: Form): string | undefined {
  const type = form.text('power_type', { pattern: POWER_TYPE, message: 'Enter a power type.' })
  return type === '' ? undefined : type
}

/** One JSON text, or `power_parameters_<name>` each; the latter add to `before`. */
function powerParametersField(
  form: Form,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const name = 'power_parameters'
  const single = form.input.withPrefix(`${name}_`)
  const whole = form.input.text(name) ?? ''
  if (single.size === 0 && whole === '') return undefined
  const parsed = whole === '' ? [] : parseParameters(whole)
  if (parsed === undefined) return form.report(name, 'Enter a JSON object of texts.')
  const given = [...parsed, ...single].filter(([key]) => key !== 'skip_check')
  const entries = [...Object.entries(before), ...given]
  const fits = given.every(
    ([key, value]) =>
      /^(?!__proto__$)\w{1,64}$/.test(key) && value.length <= POWER_VALUE_CHARACTERS_MAX,
  )
  if (fits && entries.length <= POWER_PARAMETERS_MAX) return Object.fromEntries(entries)
  return form.report(name, 'The parameters have wrong names or are too long.')
}

function parseParameters(text: string): readonly (readonly [string, string])[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.entries(value).map(([key, item]) => [
      key,
      typeof item === 'string' ? item : JSON.stringify(item),
    ])
  } catch {
    return undefined
  }
}

function hardwareField(form: Form): HardwareReport | undefined {
  const text = form.input.text('hardware')
  if (text === undefined || text === '') return undefined
  return parseHardware(text) ?? form.report('hardware', 'The inventory must be a JSON object.')
}

/** The MACs named by the form, with what the inventory says about each. */
function interfacesField(form: Form, report: HardwareReport | undefined): readonly NewInterface[] {
  const macs = form.input.list('mac_addresses')
  if (macs.length > MACS_MAX) {
    form.report('mac_addresses', `A machine has ${MACS_MAX} MAC addresses at most.`)
    return []
  }
  const found = new Map<string, NewInterface>()
  for (const text of macs) {
    const mac = parseMac(text)
    if (mac === undefined || !isUsable(mac)) {
      form.report('mac_addresses', `'${text.slice(0, 32)}' is not a valid MAC address.`)
      continue
    }
    const reported = report?.interfaces.find((nic) => nic.mac === mac)
    const name = `eth${found.size}`
    const nic = reported ?? { ...UNKNOWN_NIC, name, mac }
    found.set(mac, nic.name === '' ? { ...nic, name } : nic)
  }
  return [...found.values()]
}

const UNKNOWN_NIC = {
  ip: null,
  linkConnected: true,
  linkSpeedMbps: 0,
  vendor: null,
  product: null,
}
