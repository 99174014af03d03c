// The commands that make boot images and register them.
import type { Command, Option } from './command-line.ts'

const JSON_OPTION: Option = { name: 'json', help: 'print JSON, one line, last on standard output' }

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
    path: ['images', 'build', 'debian'],
    summary: 'build the Debian image: ephemeral system and what is installed on disks',
    options: [
      { name: 'out', value: 'DIR', default: './debian', help: 'where to (default ./debian)' },
      {
        name: 'variant',
        value: 'KIND',
        choices: ['small', 'full'],
        default: 'full',
        help: 'full (real hardware, the default) or small (virtual machines)',
      },
      { name: 'mirror', value: 'URL', help: 'of Debian (default http://deb.debian.org/debian)' },
      { name: 'security-mirror', value: 'URL', help: 'of its security updates' },
      JSON_OPTION,
    ],
    load: async () => (await import('./commands/images-build-debian.ts')).runImagesBuildDebian,
  },
  {
    path: ['boot-resources', 'import'],
    summary: 'register an image built by `images build` or `images build debian`',
    positionals: [{ name: 'DIR' }],
    options: [{ name: 'profile', value: 'PROFILE', help: 'login to use' }, JSON_OPTION],
    load: async () => (await import('./commands/boot-resources.ts')).runImport,
  },
]
