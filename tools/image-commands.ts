// The commands about images: what is built here, uploaded, and imported from boot sources.
import type { Command, Option } from './command-line.ts'

const JSON_OPTION: Option = { name: 'json', help: 'print JSON, one line, last on standard output' }
const REGION_OPTIONS: readonly Option[] = [
  { name: 'profile', value: 'PROFILE', help: 'login to use' },
  { name: 'url', value: 'URL[,URL]', help: 'regions to ask (default IRONRAFT_ENDPOINT)' },
  JSON_OPTION,
]
const UPLOAD_TYPES = [
  ...['tgz', 'tbz', 'txz', 'squashfs', 'ddtgz', 'ddtbz', 'ddtxz', 'ddtar'],
  ...['ddraw', 'ddgz', 'ddbz2', 'ddxz'],
]

export const IMAGE_COMMANDS: readonly Command[] = [
  {
    path: ['images', 'build'],
    summary: 'build the enlistment kernel and initrd from Debian packages',
    options: [
      { name: 'out', value: 'DIR', default: './enlist', help: 'where to (default ./enlist)' },
      {
        name: 'kernel',
        value: 'KIND',
        choices: ['cloud', 'full'],
        default: 'cloud',
        help: 'cloud (small, virtual machines) or full (real hardware)',
      },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/images-build.ts')).runImagesBuild,
  },
  {
    path: ['boot-resources', 'import'],
    summary: 'register a kernel and initrd built by tools/images',
    positionals: [{ name: 'DIR' }],
    options: [{ name: 'profile', value: 'PROFILE', help: 'login to use' }, JSON_OPTION],
    load: async () => (await import('./commands/boot-resources.ts')).runImport,
  },
  {
    path: ['boot-resources', 'upload'],
    summary: 'upload an image: a root file system or a disk',
    positionals: [{ name: 'FILE' }],
    options: [
      { name: 'name', value: 'NAME', help: 'os/series or custom/NAME (default by the file)' },
      {
        ...{ name: 'architecture', value: 'ARCH', default: 'amd64/generic' },
        help: 'such as arm64/generic (default amd64/generic)',
      },
      {
        ...{ name: 'filetype', value: 'TYPE', choices: UPLOAD_TYPES },
        help: `${UPLOAD_TYPES.join(', ')} (default by the file)`,
      },
      { name: 'title', value: 'TEXT', help: 'shown to users' },
      { name: 'base-image', value: 'OS/SERIES', help: 'what a custom image was made from' },
      ...REGION_OPTIONS,
    ],
    load: async () => (await import('./commands/image-upload.ts')).runUpload,
  },
  {
    path: ['images', 'import'],
    summary: 'import the images that are selected from the boot sources',
    options: [
      { name: 'wait', help: 'return when it has ended (exit 1: it failed)' },
      {
        ...{ name: 'timeout', value: 'SECONDS', kind: 'count', default: '3600' },
        help: 'for --wait (default 3600)',
      },
      ...REGION_OPTIONS,
    ],
    load: async () => (await import('./commands/images-import.ts')).runImageImport,
  },
  {
    path: ['images', 'stop'],
    summary: 'stop the import that is under way',
    options: REGION_OPTIONS,
    load: async () => (await import('./commands/images-import.ts')).runImageStop,
  },
  {
    path: ['images', 'status'],
    summary: 'how far the import is, and which region has which image',
    options: REGION_OPTIONS,
    load: async () => (await import('./commands/images-import.ts')).runImageStatus,
  },
]
