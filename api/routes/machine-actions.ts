// Operations on one machine (maas-api §10.1). Whether they are possible and allowed is decided when the command is
// applied; these read what they were asked with.
import { DEFAULT_PROBE, type DeployOptions, type ProbeOptions } from '#model/machine-work.ts'
import { configOf } from '#state/config-keys.ts'
import type { Command } from '#state/command.ts'
import type { RegionState } from '#state/state.ts'
import type { Answer, Call } from '../call.ts'
import type { Input } from '../input.ts'
import { choice, custom, flag, list, text, type Params, type Values } from '../params.ts'
import { operation, taking, type Access, type Action } from '../resource.ts'
import { BRIDGES, bridgesAsked } from './bridge-params.ts'
import { machineOf, shown, systemIdOf } from './find-machine.ts'
import { detailsOf } from './node-details.ts'
import { queryPower } from './query-power.ts'
import { OWNER_DATA, ownerDataChanges } from './owner-data.ts'

const COMMENT = { comment: text('Why, for the event list.', { max: 1_024 }) }

const PROBE = {
  enable_ssh: flag('Stay on with SSH afterwards.'),
  testing_scripts: list('Names or tags of testing scripts; none: no test.'),
  '*': text('Parameters of scripts, `<script>_<name>` or `<name>`.', { max: 4_096 }),
}
const COMMISSION = {
  ...PROBE,
  skip_bmc_config: flag('Leave the BMC as it is.'),
  skip_networking: flag('Leave the interfaces as they are.'),
  skip_storage: flag('Leave the storage as it is.'),
  commissioning_scripts: list('Names or tags of commissioning scripts.'),
}

/** Every parameter of a script is `<script>_<name>` or, for all of them, its own name. */
function probeOptions(call: Call, values: Partial<Values<typeof COMMISSION>>): ProbeOptions {
  const known = new Set(['op', 'comment', ...Object.keys(COMMISSION)])
  const parameters = call.input
    .names()
    .filter((name) => !known.has(name) && !name.startsWith('oauth_') && name.length <= 255)
    .map((name) => [name, (call.input.text(name) ?? '').slice(0, 4_096)] as const)
  return {
    enableSsh: values.enable_ssh ?? DEFAULT_PROBE.enableSsh,
    skipBmcConfig: values.skip_bmc_config ?? DEFAULT_PROBE.skipBmcConfig,
    skipNetworking: values.skip_networking ?? DEFAULT_PROBE.skipNetworking,
    skipStorage: values.skip_storage ?? DEFAULT_PROBE.skipStorage,
    commissioningScripts: values.commissioning_scripts ?? DEFAULT_PROBE.commissioningScripts,
    testingScripts: values.testing_scripts ?? DEFAULT_PROBE.testingScripts,
    parameters: Object.fromEntries(parameters),
  }
}

/** Of `machines/` with `commission`: the form is about much else. */
export function newMachineProbe(input: Input): ProbeOptions {
  return {
    ...DEFAULT_PROBE,
    enableSsh: input.flag('enable_ssh'),
    skipBmcConfig: input.flag('skip_bmc_config'),
    skipNetworking: input.flag('skip_networking'),
    skipStorage: input.flag('skip_storage'),
    ...(input.has('commissioning_scripts')
      ? { commissioningScripts: input.list('commissioning_scripts') }
      : {}),
    ...(input.has('testing_scripts') ? { testingScripts: input.list('testing_scripts') } : {}),
  }
}

type Make<P extends Params> = (call: Call, values: Values<P>) => Promise<Command> | Command

/** One command, then the machine as it is. */
function action<P extends Params>(
  op: string,
  described: { readonly access?: Access; readonly doc: string },
  params: P,
  make: Make<P>,
): Action {
  return taking(
    params,
    (run) => operation('POST', op, described, run),
    async (call, values) => {
      const systemId = systemIdOf(call)
      await call.propose(await make(call, values))
      return shown(call, systemId)
    },
  )
}

type PlainVerb =
  | 'abort'
  | 'markFixed'
  | 'overrideFailedTesting'
  | 'rescue'
  | 'exitRescue'
  | 'lock'
  | 'unlock'

function plain(op: string, verb: PlainVerb, access: Access, doc: string): Action {
  return action(op, { access, doc }, COMMENT, (call, { comment = '' }) => ({
    ...{ type: `machine.${verb}` as const, systemId: systemIdOf(call), comment },
  }))
}

const USER_DATA = custom<string>(
  'Base64 of what cloud-init is given.',
  { type: 'string', contentEncoding: 'base64' },
  (form, name) => {
    const given = form.input.text(name)?.replaceAll(/\s+/g, '')
    if (given === undefined) return undefined
    const isBase64 = given.length % 4 === 0 && /^[a-z0-9+/]*={0,2}$/i.test(given)
    return isBase64 ? given : form.report(name, 'Enter base64 text.')
  },
)
const SERIES = /^(?:[a-z][\w-]{0,63}\/)?[a-z0-9][\w.-]{0,63}$/i
const DEPLOY = {
  ...{ ...COMMENT, ...BRIDGES, user_data: USER_DATA },
  distro_series: text('Release, or system/release; default: by the settings.', {
    pattern: SERIES,
    message: 'Enter a release such as bookworm or debian/bookworm.',
    max: 129,
  }),
  hwe_kernel: text('Kernel to install.', { pattern: /^[\w.-]{1,64}$/, max: 64 }),
  agent_name: text('What the machine is for.'),
  license_key: text('License of the system.'),
  install_rackd: flag('Make it a rack.'),
  install_kvm: flag('Make it a host of virtual machines.'),
  register_vmhost: flag('Likewise, and register it.'),
  ephemeral_deploy: flag('Run from memory; nothing is installed, no disk is written.'),
  enable_kernel_crash_dump: flag('Keep dumps of kernel crashes.'),
  vcenter_registration: flag('Register it in vCenter.'),
  enable_hw_sync: flag('Report its hardware now and then.'),
}

function deployOptions(state: RegionState, values: Values<typeof DEPLOY>): DeployOptions {
  const [osSystem, distroSeries] = systemOf(state, values.distro_series ?? '')
  return {
    ...{ osSystem, distroSeries },
    hweKernel: values.hwe_kernel ?? '',
    userData: values.user_data ?? '',
    installRackd: values.install_rackd ?? false,
    installKvm: values.install_kvm ?? false,
    registerVmhost: values.register_vmhost ?? false,
    ephemeralDeploy: values.ephemeral_deploy ?? false,
    enableKernelCrashDump: values.enable_kernel_crash_dump ?? false,
    vcenterRegistration: values.vcenter_registration ?? false,
    enableHwSync: values.enable_hw_sync ?? false,
    licenseKey: values.license_key ?? '',
    ...bridgesAsked(values),
  }
}

/** A release without its system is of the one that has an image of that name, else of the default one. */
function systemOf(state: RegionState, given: string): readonly [string, string] {
  const [first = '', second] = given.split('/')
  if (second !== undefined) return [first, second]
  const standard = String(configOf(state, 'default_osystem'))
  if (first === '') return [standard, String(configOf(state, 'default_distro_series'))]
  const names = [...state.bootResources.values()].map(({ name }) => name)
  const isThere = (system: string): boolean => names.includes(`${system}/${first}`)
  const found = names.find((name) => name.endsWith(`/${first}`))?.split('/')[0]
  return [isThere(standard) ? standard : (found ?? standard), first]
}

const RELEASE = {
  ...COMMENT,
  erase: flag('Erase the disks; default: by the setting.'),
  secure_erase: flag('By the means of the disk.'),
  quick_erase: flag('Only its beginning and end.'),
  force: flag('Of virtual machine hosts; ignored.'),
}

function switching(op: 'power_on' | 'power_off', doc: string): Action {
  const params = {
    ...{ ...COMMENT, user_data: USER_DATA },
    stop_mode: choice('Ask the system first, or not.', ['hard', 'soft']),
  }
  return action(
    op,
    { doc },
    params,
    (call, { comment = '', user_data: userData, stop_mode: mode }) => ({
      ...{ type: 'machine.power', systemId: systemIdOf(call), comment },
      ...{ action: op === 'power_on' ? 'on' : 'off', soft: mode === 'soft' },
      ...(userData === undefined || op === 'power_off' ? {} : { userData }),
    }),
  )
}

async function annotate(call: Call): Promise<Answer> {
  const systemId = systemIdOf(call)
  await call.propose({ type: 'machine.annotate', systemId, set: ownerDataChanges(call.input) })
  return shown(call, systemId)
}

export const MACHINE_ACTIONS: readonly Action[] = [
  action(
    'commission',
    { access: 'admin', doc: 'Find out what the machine is made of.' },
    COMMISSION,
    (call, values) => ({
      ...{ type: 'machine.commission', systemId: systemIdOf(call), comment: '' },
      options: probeOptions(call, values),
    }),
  ),
  action('test', { access: 'admin', doc: 'Test its hardware.' }, PROBE, (call, values) => ({
    ...{ type: 'machine.test', systemId: systemIdOf(call), comment: '' },
    options: probeOptions(call, values),
  })),
  plain('abort', 'abort', 'user', 'Break off what is under way.'),
  action('deploy', { doc: 'Install an operating system.' }, DEPLOY, async (call, values) => ({
    ...{ type: 'machine.deploy', systemId: systemIdOf(call), comment: values.comment ?? '' },
    options: deployOptions(await call.state(), values),
    ...(values.agent_name === undefined ? {} : { agentName: values.agent_name }),
  })),
  action('release', { doc: 'Give the machine back.' }, RELEASE, (call, values) => ({
    ...{ type: 'machine.release', systemId: systemIdOf(call), comment: values.comment ?? '' },
    ...eraseOptions(values),
  })),
  action(
    'mark_broken',
    { doc: 'Say that the machine is broken.' },
    { ...COMMENT, error_description: text('What is broken.', { max: 1_024 }) },
    (call, { comment = '', error_description: error = comment }) => ({
      ...{ type: 'machine.markBroken', systemId: systemIdOf(call), comment, error },
    }),
  ),
  plain('mark_fixed', 'markFixed', 'admin', 'Say that the machine is no longer broken.'),
  plain(
    ...(['override_failed_testing', 'overrideFailedTesting', 'admin'] as const),
    'Use the machine though a test failed.',
  ),
  plain('rescue_mode', 'rescue', 'admin', 'Boot the machine into rescue mode.'),
  plain('exit_rescue_mode', 'exitRescue', 'admin', 'End rescue mode.'),
  plain('lock', 'lock', 'user', 'Keep the machine from being changed.'),
  plain('unlock', 'unlock', 'user', 'Let the machine be changed again.'),
  switching('power_on', 'Switch the machine on.'),
  switching('power_off', 'Switch the machine off.'),
  operation('GET', 'query_power_state', { doc: 'Ask whether it is on.' }, queryPower),
  detailsOf(async (call) => machineOf(await call.state(), call)),
  ...['set_owner_data', 'set_workload_annotations'].map((op) =>
    taking(
      OWNER_DATA,
      (run) => operation('POST', op, { doc: 'Set key and value pairs.' }, run),
      annotate,
    ),
  ),
]

function eraseOptions(values: Partial<Values<typeof RELEASE>>) {
  const { erase, secure_erase: secureErase, quick_erase: quickErase } = values
  return {
    ...(erase === undefined ? {} : { erase }),
    ...(secureErase === undefined ? {} : { secureErase }),
    ...(quickErase === undefined ? {} : { quickErase }),
  }
}
