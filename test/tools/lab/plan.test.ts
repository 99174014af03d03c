import t from 'tap'
import { bmcAddress, createWords, type LabWishes, planLab } from '#tools/lab/plan.ts'

const WISHES: LabWishes = {
  ...{
    directory: '/srv/lab',
    regionCount: 3,
    rackCount: 2,
    machineCount: 3,
    memoryMib: 1_024,
    cpuCount: 1,
  },
  ...{ firmware: ['bios', 'uefi'], accelerator: 'tcg', apiPort: 5_240, profile: 'lab' },
  bmcPassword: 'secret',
}

t.test('everything follows from the directory and the wishes', async (t) => {
  t.same(planLab(WISHES), planLab(WISHES))
  t.not(planLab(WISHES).id, planLab({ ...WISHES, directory: '/srv/other' }).id)
})

t.test('names, addresses and ports are each given once', async (t) => {
  const lab = planLab({ ...WISHES, rackCount: 8, machineCount: 16, regionCount: 5 })
  const { racks, machines, regions } = lab
  const given = [
    ...racks.flatMap((rack) => [rack.machineAddress, rack.controlAddress, rack.namespace]),
    ...machines.flatMap((each) => [each.bmc.address, each.mac, each.uuid, each.tap, each.bmcName]),
    ...regions.flatMap(({ url, directory }) => [url, directory]),
    ...[lab.switchNamespace, lab.regionNamespace],
  ]
  t.equal(new Set(given).size, given.length)
  for (const { uuid } of machines) t.match(uuid, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
})

t.test('machines take the firmware in turn; BIOS has IPMI, UEFI Redfish', async (t) => {
  const { machines } = planLab(WISHES)
  t.same(
    machines.map(({ firmware, bmc }) => [firmware, bmc.type]),
    [
      ['bios', 'ipmi'],
      ['uefi', 'redfish'],
      ['bios', 'ipmi'],
    ],
  )
  t.same(machines.map(bmcAddress), ['10.78.0.101', 'http://10.78.0.102:8000', '10.78.0.103'])
})

t.test('the line that adds a machine holds all of its BMC', async (t) => {
  const lab = planLab(WISHES)
  const [machine] = lab.machines
  if (machine === undefined) throw new Error('there is a machine')
  t.equal(
    createWords(lab, machine).join(' '),
    'machines create --profile lab --hostname machine-1 --architecture amd64/generic' +
      ' --mac-addresses 52:54:00:77:00:01 --power-type ipmi' +
      ' power_parameters_power_address=10.78.0.101 power_parameters_power_user=maas' +
      ' power_parameters_power_pass=secret',
  )
})
