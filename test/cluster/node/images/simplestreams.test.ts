// What a source offers, and what it may not say.
import t from 'tap'
import { parseIndex, parseProducts, type Selection } from '#node/images/simplestreams.ts'

const ANY: Selection = {
  os: 'ubuntu',
  release: '*',
  arches: ['*'],
  subarches: ['*'],
  labels: ['*'],
}
const ITEM = { ftype: 'squashfs', path: 'jammy/squashfs', sha256: 'a'.repeat(64), size: 9 }
const PRODUCT = {
  ...{ os: 'ubuntu', release: 'jammy', arch: 'amd64', subarch: 'ga-22.04', label: 'stable' },
  ...{ subarches: 'generic,ga-22.04', release_title: '22.04 LTS', os_title: 'Ubuntu' },
  versions: { '20260101': { items: { root: ITEM } }, '20260201': { items: { root: ITEM } } },
}

const parse = (product: object, selection: Partial<Selection> = {}) =>
  parseProducts(JSON.stringify({ products: { p: product } }), [{ ...ANY, ...selection }])

t.test('the newest version of what is selected', async (t) => {
  const { images, wrong } = parse(PRODUCT)
  t.equal(wrong, 0)
  t.strictSame(images, [
    {
      ...{ name: 'ubuntu/jammy', architecture: 'amd64/ga-22.04', title: 'Ubuntu 22.04 LTS' },
      ...{ subarches: ['generic', 'ga-22.04'], label: 'stable', version: '20260201' },
      files: [
        {
          ...{ kind: 'squashfs', filename: 'squashfs', sha256: 'a'.repeat(64), sizeBytes: 9 },
          path: 'jammy/squashfs',
        },
      ],
    },
  ])
})

const SELECTIONS: readonly { readonly set: Partial<Selection>; readonly count: number }[] = [
  { set: { release: 'jammy', arches: ['amd64'], subarches: ['generic'] }, count: 1 },
  { set: { subarches: ['ga-22.04'], labels: ['daily', 'stable'] }, count: 1 },
  { set: { os: 'centos' }, count: 0 },
  { set: { release: 'noble' }, count: 0 },
  { set: { arches: ['arm64'] }, count: 0 },
  { set: { subarches: ['hwe-22.04'] }, count: 0 },
  { set: { labels: ['daily'] }, count: 0 },
]
for (const { set, count } of SELECTIONS) {
  t.test(`${JSON.stringify(set)} selects ${count}`, async (t) => {
    t.equal(parse(PRODUCT, set).images.length, count)
  })
}

const withItem = (change: object) => ({
  ...PRODUCT,
  versions: { '20260201': { items: { root: { ...ITEM, ...change } } } },
})
const WRONG = [
  { name: 'a path upwards', product: withItem({ path: '../../etc/passwd' }) },
  { name: 'an address for a path', product: withItem({ path: 'http://192.0.2.1/x' }) },
  { name: 'a path from the root', product: withItem({ path: '/x' }) },
  { name: 'no digest', product: withItem({ sha256: 'a' }) },
  { name: 'no size', product: withItem({ size: undefined }) },
  { name: 'a negative size', product: withItem({ size: -1 }) },
  { name: 'a size beyond all disks', product: withItem({ size: 2 ** 40 }) },
  { name: 'nothing to deploy', product: withItem({ ftype: 'boot-kernel' }) },
  { name: 'a release with a slash', product: { ...PRODUCT, release: '../x' } },
  { name: 'no architecture', product: { ...PRODUCT, arch: 7 } },
  { name: 'a text for a product', product: 'x' as unknown as object },
]
for (const { name, product } of WRONG) {
  t.test(`a product with ${name} is passed over`, async (t) => {
    const { images, wrong } = parse(product)
    t.equal(images.length, 0)
    t.equal(wrong, 1)
  })
}

t.test('an older version that is whole is better than a newer one that is not', async (t) => {
  const broken = { items: { root: { ...ITEM, sha256: 'x' } } }
  const versions = { ...PRODUCT.versions, '20260301': broken }
  t.equal(parse({ ...PRODUCT, versions }).images[0]?.version, '20260201')
})

t.test('an index names files of products, and nothing outside of the source', async (t) => {
  const index = (path: string) =>
    JSON.stringify({ index: { a: { path, format: 'products:1.0' }, b: { path: 'x' } } })
  t.strictSame(parseIndex(index('streams/v1/p.json')), ['streams/v1/p.json'])
  t.throws(() => parseIndex(index('../p.json')), /no products/)
  t.throws(() => parseIndex('[]'), /no JSON object/)
  t.throws(() => parseIndex('{'))
})
