// The scripts that every region has, under the names that MAAS's clients know. Their texts are files of
// `api/metadata/scripts`; here is what the choice of scripts needs. Sets of results are made from this list when a
// command is applied, so a change of it, as any of the state's, needs a feature level once level 3 is released.
import { HARDWARE_TYPE as H, PARALLEL_MODE as P, RESULT_TYPE } from './script-result.ts'

/** What a script is told with each of its parameters; `storage` and `interface` make one result for each of them. */
export type ScriptParameter = {
  readonly type:
    | ('storage' | 'interface')
    | ('string' | 'password' | 'url' | 'choice')
    | ('boolean' | 'integer')
  /** '' when there is none. */
  readonly standard: string
  readonly required: boolean
  /** `{path}`, `{name}`, `{input}` … are filled in; '' for `--<name>=<value>`. */
  readonly argumentFormat: string
}

export type BuiltinScript = {
  readonly name: string
  readonly title: string
  readonly tags: readonly string[]
  readonly type: typeof RESULT_TYPE.COMMISSIONING | typeof RESULT_TYPE.TESTING
  readonly hardwareType: number
  readonly parallel: number
  readonly timeoutSeconds: number
  readonly parameters: Readonly<Record<string, ScriptParameter>>
}

/** Its output is the machine's hardware (`api/hardware-report.ts`). */
export const HARDWARE_SCRIPT = '50-maas-01-commissioning'

/** It changes the BMC of a machine, so it runs only where the region takes what it finds (`lacksPower`). */
export const BMC_SCRIPT = '30-maas-01-bmc-config'

/** Name of the one result of an installation. */
export const INSTALL_LOG = '/tmp/install.log'

const STORAGE = {
  storage: { type: 'storage', standard: 'all', required: true, argumentFormat: '' },
} as const
const INTERFACE = {
  interface: { type: 'interface', standard: 'all', required: true, argumentFormat: '' },
} as const

const probe = (
  name: string,
  title: string,
  timeoutSeconds: number,
  more: Partial<BuiltinScript> = {},
): BuiltinScript => ({
  ...{ name, title, tags: ['node'], type: RESULT_TYPE.COMMISSIONING, hardwareType: H.NODE },
  ...{ parallel: P.ANY, timeoutSeconds, parameters: {}, ...more },
})
const test = (
  name: string,
  title: string,
  timeoutSeconds: number,
  more: Pick<BuiltinScript, 'tags' | 'hardwareType'> & Partial<BuiltinScript>,
): BuiltinScript => ({
  ...{ name, title, type: RESULT_TYPE.TESTING, parallel: P.DISABLED, timeoutSeconds },
  ...{ parameters: {}, ...more },
})

/** None of them destroys anything. */
export const BUILTIN_SCRIPTS: readonly BuiltinScript[] = [
  probe('20-maas-01-install-lldpd', 'Start lldpd where it is installed', 60, {
    parallel: P.DISABLED,
  }),
  probe('20-maas-02-dhcp-unconfigured-ifaces', 'Raise all interfaces and ask for addresses', 120, {
    ...{ parallel: P.DISABLED, hardwareType: H.NETWORK },
  }),
  probe(BMC_SCRIPT, 'Make a user in the BMC and report it', 300, { parallel: P.DISABLED }),
  probe(HARDWARE_SCRIPT, 'Report the hardware', 300, { parallel: P.DISABLED }),
  probe('maas-capture-lldpd', 'Report LLDP neighbours', 60, { hardwareType: H.NETWORK }),
  probe('maas-kernel-cmdline', 'Report the kernel command line', 10),
  probe('maas-list-modaliases', 'Report modaliases', 30),
  probe('maas-lshw', 'Run lshw', 300),
  probe('maas-serial-ports', 'Report serial ports', 10),
  probe('maas-support-info', 'Gather what helps to find faults', 300),
  test('badblocks', 'Read every block of a disk', 0, {
    ...{ tags: ['storage'], hardwareType: H.STORAGE, parallel: P.INSTANCE, parameters: STORAGE },
  }),
  test('disk-read', 'Read the beginning, the middle and the end of a disk', 600, {
    ...{ tags: ['storage'], hardwareType: H.STORAGE, parallel: P.INSTANCE, parameters: STORAGE },
  }),
  test('gateway-connectivity', 'Reach the gateway of an interface', 300, {
    ...{ tags: ['network', 'network-validation'], hardwareType: H.NETWORK },
    ...{ parallel: P.INSTANCE, parameters: INTERFACE },
  }),
  test('internet-connectivity', 'Fetch a page', 300, {
    ...{ tags: ['network', 'network-validation', 'internet'], hardwareType: H.NETWORK },
    parallel: P.INSTANCE,
    parameters: {
      url: {
        ...{ type: 'url', standard: 'https://www.debian.org', required: true },
        argumentFormat: '',
      },
    },
  }),
  test('memtester', 'Write and compare patterns in memory', 0, {
    ...{ tags: ['memory'], hardwareType: H.MEMORY },
  }),
  test('smartctl-validate', 'Ask a disk for its health by S.M.A.R.T.', 300, {
    ...{ tags: ['storage', 'commissioning'], hardwareType: H.STORAGE },
    ...{ parallel: P.INSTANCE, parameters: STORAGE },
  }),
  test('stress-ng-cpu-short', 'Load all processors for five minutes', 600, {
    ...{ tags: ['cpu'], hardwareType: H.CPU },
  }),
]
