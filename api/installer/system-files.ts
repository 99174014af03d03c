// Files of the installed system, as texts: who it is, what it mounts, where cloud-init asks.
import type { Filesystem } from '#model/storage.ts'
import { byPath, fstabLine } from './filesystems.ts'
import type { InstallInput } from './install-input.ts'
import { quote } from './shell.ts'
import { placedFilesystems } from './storage-view.ts'
import { formatYaml } from '../render/yaml.ts'

/** Sorts behind Debian's `90_dpkg.cfg`, whose list of datasources it replaces. */
export const SEED_PATH = '/etc/cloud/cloud.cfg.d/90_dpkg_local_cloud_config.cfg'

export function fstab(input: InstallInput): string {
  const all: readonly Filesystem[] = [
    ...placedFilesystems(input).map(({ filesystem }) => filesystem),
    ...input.storage.special,
  ]
  const lines = all.toSorted(byPath).flatMap((filesystem) => fstabLine(filesystem) ?? [])
  return ['# Written by Ironraft: fstab(5).', ...lines, ''].join('\n')
}

export function hosts({ hostname, fqdn }: InstallInput): string {
  const names = [...new Set([fqdn, hostname])].filter((name) => name !== '').map(oneLine)
  return [
    '127.0.0.1 localhost',
    `127.0.1.1 ${names.join(' ')}`,
    '::1 localhost ip6-localhost ip6-loopback',
    'ff02::1 ip6-allnodes',
    'ff02::2 ip6-allrouters',
    '',
  ].join('\n')
}

/** Its `datasource_list` has one name, so cloud-init looks for nothing else. */
export function cloudConfig({ keys }: InstallInput, metadataUrl: string): string {
  const { consumerKey, tokenKey, tokenSecret } = keys
  const MAAS = {
    metadata_url: metadataUrl,
    consumer_key: consumerKey,
    token_key: tokenKey,
    token_secret: tokenSecret,
  }
  const text = formatYaml({ datasource_list: ['MAAS'], datasource: { MAAS } }, 'quoted')
  return `#cloud-config\n# Written by Ironraft's installer.\n${text}`
}

/** The serial console is kept: many machines have no other. */
export function kernelArguments({ architecture, kernelOptions }: InstallInput): readonly string[] {
  const consoles = architecture === 'amd64' ? ['console=tty0', 'console=ttyS0,115200n8'] : []
  return [...consoles, ...kernelOptions.split(/\s+/).filter((word) => word !== '')]
}

/** Read by grub-mkconfig after /etc/default/grub, as sh. */
export function grubDefaults(input: InstallInput): string {
  return [
    "# Written by Ironraft's installer.",
    "GRUB_CMDLINE_LINUX_DEFAULT=''",
    `GRUB_CMDLINE_LINUX=${quote(kernelArguments(input).join(' '))}`,
    'GRUB_DISABLE_OS_PROBER=true',
    '',
  ].join('\n')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s/gu, '')
}
