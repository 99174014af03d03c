// Parts that machines and controllers show alike: hardware facts, and the results of scripts where none ran.
import type { HardwareDetails } from '#model/found-hardware.ts'
import type { HardwareFacts } from '#model/machine.ts'

const UNKNOWN = 'Unknown'

/** MAAS's names; what the agent could not see is `Unknown`. */
export function hardwareInfo(
  facts: HardwareFacts | null,
  details?: Pick<HardwareDetails, 'chassisSerial' | 'mainboardSerial'>,
) {
  const known = (value: string | undefined): string =>
    value === undefined || value === '' ? UNKNOWN : value
  return {
    system_vendor: known(facts?.systemVendor),
    system_product: known(facts?.systemProduct),
    system_version: known(facts?.systemVersion),
    system_serial: known(facts?.systemSerial),
    cpu_model: known(facts?.cpuModel),
    mainboard_vendor: known(facts?.mainboardVendor),
    mainboard_product: known(facts?.mainboardProduct),
    mainboard_serial: known(details?.mainboardSerial),
    chassis_serial: known(details?.chassisSerial),
    mainboard_firmware_vendor: known(facts?.firmwareVendor),
    mainboard_firmware_version: known(facts?.firmwareVersion),
    mainboard_firmware_date: known(facts?.firmwareDate),
  }
}

/** No script has run: every status is −1. */
const NONE = -1

/** Controllers run none. */
export const NO_RESULTS = Object.freeze({
  current_commissioning_result_id: null,
  current_testing_result_id: null,
  current_installation_result_id: null,
  commissioning_status: NONE,
  commissioning_status_name: UNKNOWN,
  testing_status: NONE,
  testing_status_name: UNKNOWN,
  cpu_test_status: NONE,
  cpu_test_status_name: UNKNOWN,
  memory_test_status: NONE,
  memory_test_status_name: UNKNOWN,
  network_test_status: NONE,
  network_test_status_name: UNKNOWN,
  storage_test_status: NONE,
  storage_test_status_name: UNKNOWN,
  other_test_status: NONE,
  other_test_status_name: UNKNOWN,
  interface_test_status: NONE,
  interface_test_status_name: UNKNOWN,
})
