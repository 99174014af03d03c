// `ironraft boot-resources import DIR`: uploads the files that `image.json` names, then registers them. Files go
// first, so that no machine is ever sent to bytes that no region has; they are named by their SHA-256, so
// sending one twice is harmless.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { openClient } from '../api-session.ts'
import { EXIT } from '../exit-codes.ts'
import type { Arguments, Io } from '../command-line.ts'

type Image = {
  readonly name: string
  readonly architecture: string
  readonly title: string
  readonly files: readonly {
    readonly kind: string
    readonly filename: string
    readonly sha256: string
    readonly size_bytes: number
  }[]
}

export async function runImport(args: Arguments, io: Io): Promise<number> {
  const directory = args.at(0)
  const image = await readImage(directory)
  const client = await openClient(args, io)
  for (const file of image.files) {
    const bytes = await readFile(join(directory, file.filename))
    await client.send({ method: 'PUT', path: `/api/v1/boot-files/${file.sha256}`, bytes })
    if (!args.flag('json')) io.out(`${file.filename}: ${bytes.length} bytes`)
  }
  const reply = await client.send({ method: 'POST', path: '/api/v1/boot-resources', json: image })
  io.out(
    args.flag('json') ? reply.text.trim() : `${image.name} (${image.architecture}) is registered.`,
  )
  return EXIT.ok
}

async function readImage(directory: string): Promise<Image> {
  const path = join(directory, 'image.json')
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AppError('NOT_FOUND', `${path} is not there: build an image first.`, { cause })
  })
  const { name, architecture, title, files } = JSON.parse(text) as Image
  return { name, architecture, title, files }
}
