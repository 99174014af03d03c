// What is done to the unpacked system, by layout.
import t from 'tap'
import { bootSteps, identitySteps, seedStep } from '#api/installer/system-steps.ts'
import { BCACHE, installInput, LVM_ON_RAID } from '../../support/install-inputs.ts'

const stacked = /refresh_initramfs/

t.test('secrets are readable by root alone', async (t) => {
  t.notMatch(identitySteps(installInput()).join('\n'), 'token_secret')
  const seed = seedStep(installInput())
  t.match(seed, /^write_seed \/etc\/cloud\/cloud.cfg.d\/90_dpkg_local_cloud_config.cfg /)
  t.match(seed, 'token_secret: "ts"')
})

t.test('a network is written only when there is one', async (t) => {
  const named = (netplan: string) =>
    identitySteps(installInput({ netplan })).filter((line) => line.startsWith('write_network'))
  t.same(named(''), [])
  t.same(named('network: {}'), ["write_network 'network: {}'"])
})

t.test('the initramfs is made again only for RAID, LVM and bcache', async (t) => {
  t.notMatch(bootSteps(installInput()).join('\n'), stacked)
  t.match(bootSteps(installInput({ storage: LVM_ON_RAID })).join('\n'), stacked)
  t.match(bootSteps(installInput({ storage: BCACHE })).join('\n'), stacked)
  t.match(bootSteps(installInput({ storage: LVM_ON_RAID })).join('\n'), 'write_arrays')
  t.notMatch(bootSteps(installInput({ storage: BCACHE })).join('\n'), 'write_arrays')
})

t.test('the kernel finds its root by UUID, or by name on LVM', async (t) => {
  const last = (input: Parameters<typeof installInput>[0]) => bootSteps(installInput(input)).at(-1)
  t.match(last({}), /^write_grub_config (\S+) \/boot 'root=UUID=\1 ro /)
  t.match(last({ storage: LVM_ON_RAID }), / '' 'root=\/dev\/mapper\/vg--root-lv--root ro /)
  t.match(last({ storage: BCACHE }), / '' 'root=UUID=/)
})

t.test('an ARM machine gets no loader for BIOS', async (t) => {
  const text = bootSteps(installInput({ architecture: 'arm64' })).join('\n')
  t.notMatch(text, 'grub_bios')
  t.match(text, 'grub_efi arm64-efi')
})
