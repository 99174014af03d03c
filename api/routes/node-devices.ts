// nodes/{system_id}/devices/: PCI and USB devices that commissioning found (maas-api §9).
import { DEVICE_BUS, type NodeDevice } from '#model/found-hardware.ts'
import type { RegionState } from '#state/state.ts'
import { json, jsonList, NO_CONTENT, type Call } from '../call.ts'
import { notFound } from '../errors.ts'
import { text } from '../params.ts'
import { renderNodeDevice } from '../render/node-device.ts'
import { HARDWARE_TYPES } from '../render/script.ts'
import { read, remove, taking, type Resource } from '../resource.ts'
import { parseId } from '../specifiers.ts'
import { numbered } from './numbered.ts'
import { nodeIdOf } from './script-results.ts'

const BUSES = { [DEVICE_BUS.PCI]: ['pcie', 'pci'], [DEVICE_BUS.USB]: ['usb'] }

const LISTED = {
  bus: numbered('Only those on this bus.', BUSES),
  hardware_type: numbered('Only this kind of hardware.', HARDWARE_TYPES),
  vendor_id: text('Only of the vendor with this id.', { max: 16 }),
  product_id: text('Only products with this id.', { max: 16 }),
  vendor_name: text('Only of the vendor of this name.'),
  product_name: text('Only products of this name.'),
  commissioning_driver: text('Only those with this driver.'),
}

function deviceOf(state: RegionState, call: Call): NodeDevice {
  const systemId = nodeIdOf(state, call)
  const id = parseId(call.param('id'))
  const device = id === null ? undefined : state.nodeDevices.get(id)
  if (device === undefined || device.systemId !== systemId) throw notFound('NodeDevice')
  return device
}

export const NODE_DEVICES: readonly Resource[] = [
  {
    name: 'NodeDevicesHandler',
    path: 'nodes/{system_id}/devices/',
    doc: 'View PCI and USB devices of a node.',
    actions: [
      taking(
        LISTED,
        (run) => read('user', 'List devices.', run),
        async (call, values) => {
          const state = await call.state()
          const rows = state.nodeDevicesByMachine.rows(nodeIdOf(state, call))
          const is = <T>(wanted: T | undefined, value: T): boolean =>
            wanted === undefined || wanted === value
          const listed = rows.filter(
            (row) =>
              is(values.bus, row.bus) &&
              is(values.hardware_type, row.hardwareType) &&
              is(values.vendor_id?.toLowerCase(), row.vendorId) &&
              is(values.product_id?.toLowerCase(), row.productId) &&
              is(values.vendor_name, row.vendorName) &&
              is(values.product_name, row.productName) &&
              is(values.commissioning_driver, row.driver),
          )
          return jsonList(listed, renderNodeDevice)
        },
      ),
    ],
  },
  {
    name: 'NodeDeviceHandler',
    path: 'nodes/{system_id}/devices/{id}/',
    doc: 'View one PCI or USB device of a node.',
    actions: [
      read('user', 'Show one device.', async (call) => {
        return json(renderNodeDevice(deviceOf(await call.state(), call)))
      }),
      remove('admin', 'Forget one device.', async (call) => {
        const { systemId, id } = deviceOf(await call.state(), call)
        await call.propose({ type: 'nodeDevice.delete', systemId, id })
        return NO_CONTENT
      }),
    ],
  },
]
