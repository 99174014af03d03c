// IPMI by Debian's ipmitool (1.8.19). Traps that decide the arguments: without -C it asks the BMC for its cipher
// suites, which costs 10 s where the BMC lacks that command; a retransmission after 1 s makes slow BMCs act twice, so
// -N 5; the one-off boot device is forgotten 60 s after it was set, so it is set right before power comes on.
import { parseBmcAddress } from './bmc-address.ts'
import { needed, PowerFailure, type PowerDriver, type PowerParameters } from './driver.ts'
import { lastLine, type RunTool } from './run-tool.ts'

const RETRANSMIT_SECONDS = '5'
const RETRIES = '2'
/** MAAS's word → ipmitool's. */
const PRIVILEGES: Readonly<Record<string, string>> = {
  USER: 'USER',
  OPERATOR: 'OPERATOR',
  ADMIN: 'ADMINISTRATOR',
}
/** FreeIPMI's workarounds that ipmitool has by another name; the others it does by itself or not at all. */
const OEM: Readonly<Record<string, string>> = { intel20: 'intelplus', supermicro20: 'supermicro' }

export function ipmiDriver(runTool: RunTool): PowerDriver {
  const ask = async (
    parameters: PowerParameters,
    words: readonly string[],
    signal: AbortSignal,
  ): Promise<string> => {
    const { args, env } = ipmiSession(parameters)
    const tool = 'ipmitool'
    const run = { tool, args: [...args, ...words], env, signal, debianPackage: 'ipmitool' }
    const { code, stdout, stderr } = await runTool(run)
    if (code !== 0) throw whyIpmiFailed(stderr)
    return stdout
  }
  return {
    query: async (parameters, signal) => {
      const said = await ask(parameters, ['chassis', 'power', 'status'], signal)
      const state = /power is (on|off)/i.exec(said)?.[1]?.toLowerCase()
      if (state === 'on' || state === 'off') return state
      throw new PowerFailure('nonsense', 'the BMC did not say whether the machine is on')
    },
    bootFromNetwork: async (parameters, signal) => {
      const isEfi = parameters['power_boot_type'] === 'efi'
      const options = isEfi ? ['options=efiboot'] : []
      await ask(parameters, ['chassis', 'bootdev', 'pxe', ...options], signal)
    },
    turnOn: async (parameters, signal) => {
      await ask(parameters, ['chassis', 'power', 'on'], signal)
    },
    turnOff: async (parameters, { soft }, signal) => {
      await ask(parameters, ['chassis', 'power', soft ? 'soft' : 'off'], signal)
    },
  }
}

/** What comes before the command. Throws `settings`. */
export function ipmiSession(parameters: PowerParameters): {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
} {
  const { host, port } = parseBmcAddress(needed(parameters, 'power_address'))
  const isLan2 = (parameters['power_driver'] ?? 'LAN_2_0') !== 'LAN'
  const user = parameters['power_user'] ?? ''
  const privilege = PRIVILEGES[parameters['privilege_level'] ?? ''] ?? 'OPERATOR'
  const cipher = parameters['cipher_suite_id'] ?? '3'
  if (!/^\d{0,3}$/.test(cipher)) {
    throw new PowerFailure('settings', 'the power parameter cipher_suite_id is no number')
  }
  const key = isLan2 ? (parameters['k_g'] ?? '') : ''
  if (/^0x/i.test(key)) {
    throw new PowerFailure('settings', 'a K_g key in hexadecimal cannot be handed over secretly')
  }
  const oem = oemOf(parameters['workaround_flags'] ?? '')
  const args = [
    ...['-I', isLan2 ? 'lanplus' : 'lan', '-H', host],
    ...(port === null ? [] : ['-p', String(port)]),
    ...(user === '' ? [] : ['-U', user]),
    ...['-E', '-L', privilege],
    ...(isLan2 && cipher !== '' ? ['-C', cipher] : []),
    ...(key === '' ? [] : ['-K']),
    ...(oem === undefined ? [] : ['-o', oem]),
    ...['-N', RETRANSMIT_SECONDS, '-R', RETRIES],
  ]
  const password = { IPMI_PASSWORD: parameters['power_pass'] ?? '' }
  return { args, env: key === '' ? password : { ...password, IPMI_KGKEY: key } }
}

function oemOf(flags: string): string | undefined {
  return flags
    .split(/[,\s]+/)
    .map((flag) => OEM[flag])
    .find((name) => name !== undefined)
}

const CREDENTIALS =
  /RAKP 2 (HMAC|message)|authentication type|password|unauthorized name|user name/i
const SETTINGS =
  /invalid authentication algorithm|cipher suite|insufficient privilege|privilege level/i
const UNREACHABLE =
  /Unable to establish|timeout|Address lookup|no response|Get Device ID command failed/i

export function whyIpmiFailed(stderr: string): PowerFailure {
  const said = lastLine(stderr)
  if (SETTINGS.test(stderr)) {
    const what = 'the BMC takes neither this cipher suite nor this privilege level'
    return new PowerFailure('settings', `${what}: ${said}`)
  }
  if (CREDENTIALS.test(stderr))
    return new PowerFailure('credentials', `the BMC refused us: ${said}`)
  if (UNREACHABLE.test(stderr)) {
    // Without -v a wrong password looks like silence.
    const what = 'the BMC did not answer, or refused user and password'
    return new PowerFailure('unreachable', `${what}: ${said}`)
  }
  return new PowerFailure('refused', said === '' ? 'ipmitool failed' : `ipmitool: ${said}`)
}
