// `ironraft images build`: the enlistment environment, from Debian's packages, ready for `boot-resources import`.
import { resolve } from 'node:path'
import type { Arguments, Io } from '../command-line.ts'
import { EXIT } from '../exit-codes.ts'
import { buildEnlistImage } from '../images/build.ts'

export async function runImagesBuild(args: Arguments, io: Io): Promise<number> {
  const json = args.flag('json')
  const image = await buildEnlistImage({
    out: resolve(io.cwd, args.text('out') ?? ''),
    kernel: args.text('kernel') === 'full' ? 'full' : 'cloud',
    say: (line) => io.error(line),
  })
  io.out(json ? JSON.stringify(image) : `${image.title}: ${args.text('out')}`)
  return EXIT.ok
}
