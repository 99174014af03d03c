// The command that builds the Debian image.
import type { Command, Option } from './command-line.ts'

const JSON_OPTION: Option = { name: 'json', help: 'print JSON, one line, last on standard output' }

export const IMAGE_BUILD_COMMANDS: readonly Command[] = [
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
]
