// curtin's storage configuration, golden: test/fixtures/curtin has one file per case, one action a line. UPDATE=1
// rewrites them; commit a difference only if you can explain it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { renderCurtinStorage, type CurtinStorage } from '#api/render/curtin-storage.ts'
import type { SystemId } from '#model/ids.ts'
import type { Command } from '#state/command.ts'
import { storageOf } from '#state/storage-query.ts'
import type { Lab } from '#test/support/region-state.ts'
import { at, deviceNamed, disksOf, GB, ready } from '#test/support/storage.ts'

const FOLDER = join(import.meta.dirname, '../../fixtures/curtin')

type Case = {
  readonly name: string
  readonly isUefi: boolean
  readonly disks: readonly number[]
  readonly build: (systemId: SystemId, ids: readonly number[], lab: Lab) => readonly Command[]
}

const layout = (systemId: SystemId, name: 'flat' | 'lvm' | 'bcache'): Command => ({
  ...{ type: 'storage.setLayout', systemId, wish: { layout: name, bootSize: { bytes: GB } } },
})

const CASES: readonly Case[] = [
  {
    ...{ name: 'flat-bios', isUefi: false, disks: [10 * GB, 5 * GB] },
    build: (systemId, [, sdb]) => [
      { type: 'storage.setLayout', systemId, wish: { layout: 'flat' } },
      { type: 'storage.format', systemId, at: at(sdb!), fstype: 'swap', label: '' },
      { type: 'storage.mount', systemId, at: at(sdb!), mountPoint: null, mountOptions: null },
      {
        ...{ type: 'storage.mountSpecial', systemId, fstype: 'tmpfs', mountPoint: '/tmp' },
        mountOptions: 'size=50%',
      },
    ],
  },
  {
    ...{ name: 'lvm-uefi', isUefi: true, disks: [10 * GB] },
    build: (systemId) => [layout(systemId, 'lvm')],
  },
  {
    ...{ name: 'bcache-bios', isUefi: false, disks: [10 * GB, 2 * GB] },
    build: (systemId, [, sdb]) => [
      { type: 'storage.tag', systemId, at: at(sdb!), tag: 'ssd', isOn: true },
      layout(systemId, 'bcache'),
    ],
  },
  {
    ...{ name: 'raid-lvm', isUefi: false, disks: [10 * GB, 10 * GB, 10 * GB, GB] },
    build: (systemId, [sda, sdb, sdc]) => [
      {
        ...{ type: 'storage.createRaid', systemId, level: 'raid-1', name: 'md0' },
        ...{ members: [at(sda!), at(sdb!)], spares: [at(sdc!)] },
      },
    ],
  },
]

function storageFor({ isUefi, disks, build }: Case): CurtinStorage {
  const [lab, systemId, ids] = ready(disks, isUefi ? 'uefi' : 'pxe')
  for (const command of build(systemId, ids, lab)) lab.ok(command)
  const md0 = storageOf(lab.state, systemId).groups.find(({ name }) => name === 'md0')
  if (md0 !== undefined) onRaid(lab, systemId)
  return renderCurtinStorage(disksOf(lab, systemId), storageOf(lab.state, systemId), { isUefi })
}

/** A volume group on the array, with a volume. */
function onRaid(lab: Lab, systemId: SystemId): void {
  const members = [at(deviceNamed(lab, systemId, 'md0').id)]
  const group = { type: 'storage.createGroup', systemId, kind: 'lvm', name: 'vg', members } as const
  const { id } = lab.ok(group)
  const volume = { type: 'storage.createLogicalVolume', systemId, group: id, name: 'data' } as const
  const made = lab.ok({ ...volume, sizeBytes: 4 * GB })
  const on = { systemId, at: at(made.id) }
  lab.ok({ type: 'storage.format', ...on, fstype: 'xfs', label: 'data' })
  lab.ok({ type: 'storage.mount', ...on, mountPoint: '/srv/data', mountOptions: 'noatime' })
}

const textOf = ({ config }: CurtinStorage): string =>
  `${config.map((action) => JSON.stringify(action)).join('\n')}\n`

/** Keys whose values name other actions. */
const REFERENCES = ['device', 'volume', 'volgroup', 'backing_device', 'cache_device'] as const

for (const one of CASES) {
  t.test(`${one.name} is as in its file`, async (t) => {
    const storage = storageFor(one)
    const file = join(FOLDER, `${one.name}.jsonl`)
    if (process.env['UPDATE'] === '1') writeFileSync(file, textOf(storage))
    t.equal(textOf(storage), readFileSync(file, 'utf8'))
    const known = new Set<unknown>()
    for (const action of storage.config) {
      t.notOk(known.has(action.id), `${action.id} is there once`)
      const lists = ['devices', 'spare_devices'].flatMap((key) => action[key] ?? [])
      const named = [...REFERENCES.flatMap((key) => action[key] ?? []), ...lists]
      for (const id of named)
        t.ok(known.has(id), `${JSON.stringify(id)} stands before ${action.id}`)
      known.add(action.id)
    }
  })
}
