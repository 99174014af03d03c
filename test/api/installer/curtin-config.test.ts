// What curtin is told.
import t from 'tap'
import { curtinConfig, formatCurtinConfig } from '#api/installer/curtin-config.ts'
import { installInput } from '../../support/install-inputs.ts'

t.test('as data', async (t) => {
  const config = curtinConfig(installInput({ osSystem: 'ubuntu' }))
  t.match(config, {
    install: { log_file: '/tmp/install.log', post_files: ['/tmp/install.log'] },
    reporting: {
      maas: {
        type: 'webhook',
        endpoint: 'http://192.0.2.1:5248/MAAS/metadata/status/abc123',
        token_key: 'tk',
      },
    },
    sources: { image: { type: 'fsimage' } },
    kernel: { package: 'linux-generic' },
    late_commands: { maas: ['wget', '--no-proxy', /by-id\/abc123\/$/, '--post-data'] },
  })
  t.match(curtinConfig(installInput()), { kernel: { 'fallback-package': 'linux-image-amd64' } })
})

t.test('as YAML, with what others know of the machine', async (t) => {
  const text = formatCurtinConfig(installInput(), { storage: { version: 1, config: [] } })
  t.match(text, '\nreporting:\n  maas:\n    type: "webhook"\n')
  t.match(text, '\n    permissions: "0600"\n')
  t.match(text, /\nstorage:\n {2}version: 1\n {2}config: \[\]\n$/)
})

t.test('a disk image is one of curtin’s kinds', async (t) => {
  const image = { ...installInput().image, kind: 'ddxz' } as const
  t.match(curtinConfig(installInput({ image })), { sources: { image: { type: 'dd-xz' } } })
})
