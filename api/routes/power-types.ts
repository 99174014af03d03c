// rackcontrollers/?op=describe_power_types: ways to turn machines on and off, as forms (maas-api §8.1).
import { POWER_TYPES, type PowerField, type PowerType } from '#model/power-types.ts'
import { json } from '../call.ts'
import { operation, taking, type Action } from '../resource.ts'

function renderField(field: PowerField) {
  const { name, label, type, choices, required, scope, secret } = field
  return { name, label, field_type: type, choices, default: field.default, required, scope, secret }
}

function renderPowerType({ name, description, isChassis, isQueryable, fields }: PowerType) {
  return {
    ...{ driver_type: 'power', name, description, chassis: isChassis },
    ...{ fields: fields.map(renderField), queryable: isQueryable },
    // Drivers are part of a rack: there is nothing to install.
    missing_packages: [],
  }
}

export const DESCRIBE_POWER_TYPES: Action = taking(
  {},
  (run) => {
    const doc = 'Describe the power types and their parameters.'
    return operation('GET', 'describe_power_types', { access: 'admin', doc }, run)
  },
  () => json(POWER_TYPES.map(renderPowerType)),
)
