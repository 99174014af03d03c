// `DIR/lab.json`: which lab is there. It is the first file of a lab and the last that goes; it holds the password of the
// BMCs, so only its owner may read it.
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { type Lab, labIdOf } from './plan.ts'

const fileOf = (directory: string): string => join(directory, 'lab.json')

/** Throws DIRECTORY_IN_USE when a lab is there, finished or not. */
export async function expectNoLab(directory: string): Promise<void> {
  const isThere = await stat(fileOf(directory)).then(
    () => true,
    () => false,
  )
  if (isThere) throw alreadyThere(directory)
}

/** Takes the directory. Throws DIRECTORY_IN_USE likewise. */
export async function claimDirectory(lab: Lab): Promise<void> {
  const { directory } = lab
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const how = { flag: 'wx', mode: 0o600 }
  await writeFile(fileOf(directory), textOf(lab), how).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? alreadyThere(directory) : cause
  })
}

function alreadyThere(directory: string): AppError {
  const words = `see \`ironraft lab status\`, end it with \`ironraft lab down\``
  return new AppError('DIRECTORY_IN_USE', `A lab is in ${directory} already: ${words}.`)
}

export async function saveLab(lab: Lab): Promise<void> {
  const temporary = `${fileOf(lab.directory)}.new`
  await writeFile(temporary, textOf(lab), { mode: 0o600 })
  await rename(temporary, fileOf(lab.directory))
}

/** Throws NOT_FOUND without one, STORAGE_DAMAGED for a file that is not that of a lab of this directory. */
export async function expectLab(directory: string): Promise<Lab> {
  const path = fileOf(directory)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const message = `There is no lab in ${directory}: \`ironraft lab up\` makes one.`
    throw new AppError('NOT_FOUND', message, { cause })
  })
  const lab = parse(text)
  if (lab?.version === 1 && isOf(directory, lab)) return lab
  const why = 'copied, moved or damaged; `ironraft lab down` ends what runs'
  throw new AppError('STORAGE_DAMAGED', `${path} is not the file of a lab that is here: ${why}.`)
}

/**
 * What is removed and ended is named by the file: it must name nothing outside of its lab. One that was copied with its
 * directory would take down the lab that it was copied from.
 */
function isOf(directory: string, lab: Lab): boolean {
  const { machines, racks, regions, regionNamespace, switchNamespace } = lab
  if (lab.directory !== directory || lab.id !== labIdOf(directory)) return false
  const parts: readonly unknown[] = [machines, racks, regions]
  if (!parts.every((each) => Array.isArray(each))) return false
  const names = [...machines, ...machines.map(({ bmcName: name }) => ({ name })), ...racks]
  const directories = regions.map((region) => ({ name: region.directory }))
  const namespaces = [...racks.map(({ namespace }) => namespace), regionNamespace, switchNamespace]
  return (
    [...names, ...regions, ...directories].every(({ name }) => /^[a-z]+-\d{1,2}$/.test(name)) &&
    namespaces.every((name) => new RegExp(`^irlab-${lab.id}-[a-z]+(?:-\\d{1,2})?$`).test(name))
  )
}

export async function forgetLab({ directory }: Lab): Promise<void> {
  // Of a lab whose process ended while it wrote.
  await rm(`${fileOf(directory)}.new`, { force: true })
  await rm(fileOf(directory), { force: true })
}

function textOf(lab: Lab): string {
  return `${JSON.stringify(lab, null, 2)}\n`
}

function parse(text: string): Lab | null {
  try {
    return JSON.parse(text) as Lab | null
  } catch {
    return null
  }
}
