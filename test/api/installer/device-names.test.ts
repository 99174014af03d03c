// Variables of the script are made of numbers only.
import t from 'tap'
import { deviceOf, deviceVariable, partitionVariable } from '#api/installer/device-names.ts'
import type { BlockDeviceId } from '#model/ids.ts'

const device = 7 as BlockDeviceId

t.test('a device and a partition have a variable each, quoted where they are used', async (t) => {
  t.equal(deviceVariable(device), 'DEV_7')
  t.equal(partitionVariable(device, 3), 'PART_7_3')
  t.same(deviceOf({ device }), { sh: '"$DEV_7"' })
  t.same(deviceOf({ device, partition: 3 }), { sh: '"$PART_7_3"' })
})
