// `ironraft images build debian`: the ephemeral and installed Debian, ready for `boot-resources import`. Times in the image
// are those of SOURCE_DATE_EPOCH, as reproducible builds have it.
import { resolve } from 'node:path'
import { AppError } from '#model/errors.ts'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { buildDebianImage, DEBIAN_DEFAULTS } from '../images/debian.ts'

export async function runImagesBuildDebian(args: Arguments, io: Io): Promise<number> {
  const json = args.flag('json')
  const image = await buildDebianImage({
    out: resolve(io.cwd, args.text('out') ?? ''),
    variant: args.text('variant') === 'small' ? 'small' : 'full',
    mirror: mirrorOf(args, 'mirror') ?? DEBIAN_DEFAULTS.mirror,
    securityMirror: mirrorOf(args, 'security-mirror') ?? DEBIAN_DEFAULTS.securityMirror,
    epochSeconds: epochOf(io.env['SOURCE_DATE_EPOCH']),
    say: (line) => io.error(line),
  })
  io.out(json ? JSON.stringify(image) : `${image.title}: ${args.text('out')}`)
  return EXIT.ok
}

function mirrorOf(args: Arguments, name: string): string | undefined {
  const text = args.text(name)?.replace(/\/+$/, '')
  if (text === undefined || /^(?:https?|file|copy):\/\/?[^\s'"]+$/.test(text)) return text
  throw new AppError('BAD_REQUEST', `--${name} is no URL of a mirror: ${text}`)
}

function epochOf(text: string | undefined): number {
  if (text === undefined || text === '') return DEBIAN_DEFAULTS.epochSeconds
  if (/^\d{1,10}$/.test(text)) return Number(text)
  throw new AppError('BAD_REQUEST', 'SOURCE_DATE_EPOCH is a number of seconds.')
}
