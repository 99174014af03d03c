// What the creation and the change of a machine take. Read by `machine-input.ts`, where the parts of a machine depend
// on one another.
import { custom, flag, integer, list, text } from '../params.ts'

const POWER_VALUE = { max: 4_096 }

/** UTF-16 units. */
const HARDWARE_CHARACTERS_MAX = 256 << 10

const COMMON = {
  hostname: text('Host name, unique; made from the system id when empty.', { max: 253 }),
  description: text('What it is.', { max: 4_096 }),
  domain: text('Name of its domain.'),
  subarchitecture: text('Second half of the architecture, where it has one half only.'),
  power_type: text('How it is powered; manual by default.'),
  power_parameters: custom<string>(
    'Parameters of that, a JSON object of texts.',
    { type: 'string' },
    (form, name) => form.input.text(name),
  ),
  'power_parameters_*': text('One of them.', POWER_VALUE),
  min_hwe_kernel: text('Least kernel it needs.', { max: 64 }),
  cpu_count: integer('CPUs.', { min: 0, max: 65_536 }),
  memory: integer('Memory, MiB.', { min: 0, max: 2 ** 40 }),
  zone: text('Name of its zone.'),
  pool: text('Name of its pool.'),
}

export const NEW_MACHINE = {
  architecture: text('For instance amd64/generic.', { required: true }),
  mac_addresses: list('MAC addresses of its interfaces.', { required: true }),
  ...COMMON,
  hardware: custom<string>(
    'What an agent saw of its hardware, a JSON object.',
    { type: 'string', maxLength: HARDWARE_CHARACTERS_MAX },
    (form, name) => {
      const given = form.input.text(name)
      if (given === undefined || given.length <= HARDWARE_CHARACTERS_MAX) return given
      return form.report(name, 'The inventory is too long.')
    },
  ),
  commission: flag('Commission it at once; administrators do unless they say false.'),
  deployed: flag('It is deployed already.'),
  enable_ssh: flag('Stay on with SSH after commissioning.'),
  skip_bmc_config: flag('Leave the BMC as it is.'),
  skip_networking: flag('Leave the interfaces as they are.'),
  skip_storage: flag('Leave the storage as it is.'),
  commissioning_scripts: list('Names or tags of commissioning scripts.'),
  testing_scripts: list('Names or tags of testing scripts; none: no test.'),
}

export const CHANGED_MACHINE = {
  architecture: text('For instance amd64/generic.'),
  ...COMMON,
}
