// Texts of the installed system's files.
import t from 'tap'
import {
  cloudConfig,
  fstab,
  grubDefaults,
  hosts,
  kernelArguments,
} from '#api/installer/system-files.ts'
import { installInput, testUuid } from '../../support/install-inputs.ts'

t.test('fstab has what is mounted, in order of path', async (t) => {
  t.equal(
    fstab(installInput()),
    `# Written by Ironraft: fstab(5).
UUID=${testUuid(2)} / ext4 defaults 0 1
tmpfs /tmp tmpfs size=128m,nosuid 0 0
UUID=0A1B-2C3D /boot/efi vfat defaults 0 0
`,
  )
})

t.test('a machine knows itself by both names, on one line', async (t) => {
  t.match(hosts(installInput()), '\n127.0.1.1 first.example.org first\n')
  t.match(hosts(installInput({ fqdn: 'first' })), '\n127.0.1.1 first\n')
  t.match(hosts(installInput({ fqdn: 'a\n1.2.3.4 b' })), '\n127.0.1.1 a1.2.3.4b first\n')
})

t.test('cloud-init is given one datasource', async (t) => {
  t.equal(
    cloudConfig(installInput(), 'http://192.0.2.1:5248/MAAS/metadata/'),
    `#cloud-config
# Written by Ironraft's installer.
datasource_list:
  - "MAAS"
datasource:
  MAAS:
    metadata_url: "http://192.0.2.1:5248/MAAS/metadata/"
    consumer_key: "ck"
    token_key: "tk"
    token_secret: "ts"
`,
  )
})

t.test('the serial console is kept; options of the kernel follow it', async (t) => {
  const kernelOptions = ' quiet  x=y\n'
  const wanted = ['console=tty0', 'console=ttyS0,115200n8', 'quiet', 'x=y']
  t.same(kernelArguments(installInput({ kernelOptions })), wanted)
  t.same(kernelArguments(installInput({ kernelOptions, architecture: 'arm64' })), ['quiet', 'x=y'])
  t.match(
    grubDefaults(installInput({ kernelOptions })),
    `GRUB_CMDLINE_LINUX='${wanted.join(' ')}'\n`,
  )
})
