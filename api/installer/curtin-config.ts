// What curtin is told of a machine beside its storage and network: for sites that install with curtin and ask
// `op=get_curtin_config` (maas-api §9). Our own installer does the same from `InstallInput`. Keys and values are those
// of curtin's documentation ("Curthooks", "Sources", "Reporting").
import {
  METADATA_PATH,
  netbootPath,
  statusPath,
  type ImageKind,
  type InstallInput,
} from './install-input.ts'
import { SEED_PATH, cloudConfig, grubDefaults } from './system-files.ts'
import { formatYaml, type Plain } from '../render/yaml.ts'

export type CurtinConfig = { readonly [key: string]: Plain }

export function curtinConfig(input: InstallInput): CurtinConfig {
  const { image } = input
  // Of several racks curtin can be told one.
  const { base = '', imageUrl = '' } = input.places[0] ?? {}
  const netbootOff = ['--post-data', 'op=netboot_off', '-O', '/dev/null']
  return {
    install: {
      log_file: LOG,
      error_tarfile: ERROR_TAR,
      post_files: [LOG, ERROR_TAR],
    },
    reporting: { maas: reporting(input, base) },
    sources: { image: { type: SOURCE_TYPES[image.kind], uri: imageUrl } },
    partitioning_commands: { builtin: ['curtin', 'block-meta', 'custom'] },
    network_commands: { builtin: ['curtin', 'net-meta', 'custom'] },
    kernel: kernel(input),
    // Found in the place of removable media, as our own installer leaves it: nothing in the firmware's memory.
    grub: { update_nvram: false, probe_additional_os: false },
    apt: { preserve_sources_list: true },
    write_files: {
      datasource: {
        path: SEED_PATH,
        content: cloudConfig(input, `${base}${METADATA_PATH}`),
        permissions: '0600',
      },
      grub: {
        path: '/etc/default/grub.d/90-ironraft.cfg',
        content: grubDefaults(input),
        permissions: '0644',
      },
    },
    late_commands: { maas: ['wget', '--no-proxy', `${base}${netbootPath(input)}`, ...netbootOff] },
    showtrace: true,
    verbosity: 3,
  }
}

/** `more`: `storage` and `network`, of which others know. */
export function formatCurtinConfig(input: InstallInput, more: CurtinConfig): string {
  return formatYaml({ ...curtinConfig(input), ...more }, 'quoted')
}

const LOG = '/tmp/install.log'
const ERROR_TAR = '/tmp/curtin-logs.tar'

function reporting(input: InstallInput, base: string): Plain {
  const { keys } = input
  return {
    type: 'webhook',
    endpoint: `${base}${statusPath(input)}`,
    consumer_key: keys.consumerKey,
    consumer_secret: '',
    token_key: keys.tokenKey,
    token_secret: keys.tokenSecret,
  }
}

/** Only for an image without a kernel; Ubuntu's have none. */
function kernel({ osSystem, architecture }: InstallInput): Plain {
  if (osSystem === 'ubuntu') return { package: 'linux-generic', mapping: {} }
  return { 'fallback-package': `linux-image-${architecture}`, mapping: {} }
}

/** Our kind → curtin's `type` of a source. */
const SOURCE_TYPES: Readonly<Record<ImageKind, string>> = {
  squashfs: 'fsimage',
  tar: 'tar',
  tgz: 'tgz',
  tbz: 'tbz',
  txz: 'txz',
  tzst: 'tzst',
  ddraw: 'dd-raw',
  ddgz: 'dd-gz',
  ddbz2: 'dd-bz2',
  ddxz: 'dd-xz',
  ddzst: 'dd-zst',
  ddtar: 'dd-tar',
  ddtgz: 'dd-tgz',
  ddtbz: 'dd-tbz',
  ddtxz: 'dd-txz',
}
