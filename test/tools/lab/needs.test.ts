import t from 'tap'
import { expectNeeds, type Host } from '#tools/lab/needs.ts'

const HOST: Host = {
  platform: 'linux',
  isRoot: true,
  canOpen: async () => true,
  missing: async () => [],
}
const WISHES = { machineCount: 1, firmware: ['bios'], accelerator: 'tcg' } as const

t.test('a host that has everything is silent', async (t) => {
  await t.resolves(expectNeeds(WISHES, true, HOST))
})

t.test('a user who is not root is told', async (t) => {
  await t.rejects(expectNeeds(WISHES, true, { ...HOST, isRoot: false }), { code: 'FORBIDDEN' })
})

t.test('all that is missing is named at once, with the line that brings it', async (t) => {
  const missing: Host['missing'] = async (needs) =>
    Object.entries(needs)
      .filter(([name]) => name === 'ipmi_sim' || name === 'qemu-img')
      .map(([name, debianPackage]) => ({ name, debianPackage }))
  await t.rejects(expectNeeds(WISHES, true, { ...HOST, missing }), {
    message:
      'A lab needs qemu-img, ipmi_sim: apt-get install --no-install-recommends openipmi qemu-utils',
  })
})

t.test('only what the wished lab needs is asked for', async (t) => {
  const asked: string[] = []
  const missing: Host['missing'] = async (needs) => {
    asked.push(...Object.keys(needs))
    return []
  }
  await expectNeeds({ ...WISHES, machineCount: 0 }, false, { ...HOST, missing })
  t.same(asked, ['ip', 'flock'])
  await expectNeeds({ ...WISHES, firmware: ['uefi'] }, false, { ...HOST, missing })
  t.notOk(asked.includes('ipmi_sim'))
})

t.test('devices that cannot be opened are named', async (t) => {
  const without = (device: string): Host => ({ ...HOST, canOpen: async (path) => path !== device })
  await t.rejects(expectNeeds(WISHES, true, without('/dev/net/tun')), { message: /modprobe tun/ })
  await t.resolves(expectNeeds(WISHES, true, without('/dev/kvm')))
  const kvm = { ...WISHES, accelerator: 'kvm' } as const
  await t.rejects(expectNeeds(kvm, true, without('/dev/kvm')), { message: /leave out --kvm/ })
})
