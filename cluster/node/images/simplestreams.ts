// Simplestreams as images are offered by: an index names files of products, a product has versions, a version has files.
// Pure. Whatever a source says is checked here: a product that is wrong in any part is passed over, and counted.
import { BOOT_FILE_KINDS, isRootKind, type BootFile, type BootFileKind } from '#model/boot.ts'
import type { BootSourceSelection } from '#model/objects.ts'

export type OfferedFile = BootFile & {
  /** Below the source's URL. */
  readonly path: string
}

/** The newest version of a selected image. */
export type OfferedImage = {
  readonly name: string
  readonly architecture: string
  readonly title: string
  readonly subarches: readonly string[]
  readonly label: string
  readonly version: string
  readonly files: readonly OfferedFile[]
}

export type Selection = Pick<
  BootSourceSelection,
  'os' | 'release' | 'arches' | 'subarches' | 'labels'
>

/** More images than that of one source are a mistake. */
const IMAGES_MAX = 1_000
const PRODUCT_FILES_MAX = 64
const IMAGE_FILES_MAX = 16
const FILE_BYTES_MAX = 16 * 2 ** 30
const WORD = /^[\w.-]{1,64}$/
const ARCH = /^[\w.-]{1,32}$/
const PATH = /^[\w.+~%@=,-][\w.+~%@=,:-]*(?:\/[\w.+~%@=,:-]+)*$/

type Fields = Readonly<Record<string, unknown>>

/** Paths of the files of products that an index names; throws an Error that says what is wrong with it. */
export function parseIndex(text: string): readonly string[] {
  const index = fieldsOf(fieldsOf(JSON.parse(text), 'the index')['index'], 'index')
  const paths = Object.values(index).flatMap((entry) => {
    const fields = isFields(entry) ? entry : {}
    const path = textOf(fields['path'])
    return fields['format'] === 'products:1.0' && isPath(path) ? [path] : []
  })
  if (paths.length === 0) throw new Error('the index names no products')
  if (paths.length > PRODUCT_FILES_MAX) throw new Error('the index names too many files')
  return paths
}

/** What of a file of products is selected; throws as `parseIndex`. */
export function parseProducts(
  text: string,
  selections: readonly Selection[],
): { readonly images: readonly OfferedImage[]; readonly wrong: number } {
  const products = fieldsOf(fieldsOf(JSON.parse(text), 'the products')['products'], 'products')
  const images = new Map<string, OfferedImage>()
  let wrong = 0
  for (const product of Object.values(products)) {
    if (!isFields(product)) {
      wrong++
      continue
    }
    const image = imageOf(product, selections)
    if (image === 'wrong') wrong++
    if (typeof image === 'string') continue
    const key = `${image.name} ${image.architecture}`
    const known = images.get(key)
    if (known === undefined || known.version < image.version) images.set(key, image)
    if (images.size > IMAGES_MAX) throw new Error(`more than ${IMAGES_MAX} images are selected`)
  }
  return { images: [...images.values()], wrong }
}

function imageOf(
  product: Fields,
  selections: readonly Selection[],
): OfferedImage | 'wrong' | 'unselected' {
  const [os, arch] = [textOf(product['os']), textOf(product['arch'])]
  const release = textOf(product['release'])
  const subarch = textOf(product['subarch']) || 'generic'
  if (![os, release].every((word) => WORD.test(word))) return 'wrong'
  if (![arch, subarch].every((word) => ARCH.test(word))) return 'wrong'
  const subarches = (textOf(product['subarches']) || subarch)
    .split(',')
    .filter((word) => ARCH.test(word))
    .slice(0, PRODUCT_FILES_MAX)
  const isSelected = (label: string): boolean =>
    selections.some(
      (one) =>
        has([one.os], os) &&
        has([one.release], release) &&
        has(one.arches, arch) &&
        [subarch, ...subarches].some((word) => has(one.subarches, word)) &&
        has(one.labels, label),
    )
  const versions = isFields(product['versions']) ? product['versions'] : {}
  let result: 'wrong' | 'unselected' = 'unselected'
  for (const name of Object.keys(versions).toSorted().toReversed()) {
    const version = versions[name]
    if (!isFields(version) || !WORD.test(name)) continue
    const label = textOf(version['label']) || textOf(product['label']) || 'release'
    if (!isSelected(label)) continue
    const files = filesOf(version['items'])
    if (files === null) {
      // An older version that is whole is better than none.
      result = 'wrong'
      continue
    }
    const [osTitle, releaseTitle] = [textOf(product['os_title']), textOf(product['release_title'])]
    const title = `${osTitle || os} ${releaseTitle || release}`.slice(0, 255)
    const architecture = `${arch}/${subarch}`
    const label64 = label.slice(0, 64)
    return {
      ...{ name: `${os}/${release}`, architecture, title, subarches },
      ...{ label: label64, version: name, files },
    }
  }
  return result
}

/** Null: something of it is wrong, or there is nothing to deploy. Kinds that nobody here uses are left out. */
function filesOf(items: unknown): readonly OfferedFile[] | null {
  if (!isFields(items)) return null
  const files = new Map<BootFileKind, OfferedFile>()
  for (const item of Object.values(items)) {
    if (!isFields(item)) return null
    const kind = BOOT_FILE_KINDS.find((one) => one === item['ftype'] && one !== 'bootloader')
    if (kind === undefined) continue
    const [path, sha256] = [textOf(item['path']), textOf(item['sha256'])]
    const sizeBytes = Number(item['size'])
    const isSize = Number.isSafeInteger(sizeBytes) && sizeBytes > 0 && sizeBytes <= FILE_BYTES_MAX
    if (!isSize || !isPath(path) || !/^[0-9a-f]{64}$/.test(sha256)) return null
    const filename = path.split('/').at(-1)?.slice(0, 128) ?? kind
    files.set(kind, { kind, filename, sha256, sizeBytes, path })
  }
  const found = [...files.values()]
  if (found.length > IMAGE_FILES_MAX || !found.some(({ kind }) => isRootKind(kind))) return null
  return found
}

function has(words: readonly string[], word: string): boolean {
  return words.includes('*') || words.includes(word)
}

/** Below the source, and nowhere else. */
function isPath(path: string): boolean {
  return path.length <= 512 && PATH.test(path) && !path.split('/').some((part) => part === '..')
}

function fieldsOf(value: unknown, what: string): Fields {
  if (isFields(value)) return value
  throw new Error(`${what} is no JSON object`)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
