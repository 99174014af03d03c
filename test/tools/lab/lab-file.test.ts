import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { claimDirectory, expectLab, expectNoLab, forgetLab, saveLab } from '#tools/lab/lab-file.ts'
import { planLab } from '#tools/lab/plan.ts'

async function plannedIn(t: Test) {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-labfile-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return planLab({
    ...{ directory, regionCount: 1, rackCount: 1, machineCount: 1, memoryMib: 256, cpuCount: 1 },
    ...{ firmware: ['bios'], accelerator: 'tcg', apiPort: 1, profile: 'lab', bmcPassword: 'x' },
  })
}

t.test('a directory has one lab, until it is forgotten', async (t) => {
  const lab = await plannedIn(t)
  await expectNoLab(lab.directory)
  await claimDirectory(lab)
  await t.rejects(claimDirectory(lab), { code: 'DIRECTORY_IN_USE', message: /lab down/ })
  await t.rejects(expectNoLab(lab.directory), { code: 'DIRECTORY_IN_USE' })
  t.same(await expectLab(lab.directory), lab)
  await saveLab({ ...lab, ready: true })
  t.equal((await expectLab(lab.directory)).ready, true)
  await forgetLab(lab)
  await t.rejects(expectLab(lab.directory), { code: 'NOT_FOUND' })
})

t.test('the password of the BMCs is for its owner only', async (t) => {
  const lab = await plannedIn(t)
  await claimDirectory(lab)
  t.equal((await stat(join(lab.directory, 'lab.json'))).mode & 0o77, 0)
  await saveLab(lab)
  t.equal((await stat(join(lab.directory, 'lab.json'))).mode & 0o77, 0)
})

t.test('another file of that name is no lab', async (t) => {
  const lab = await plannedIn(t)
  for (const text of ['', '{}', 'null', '{"version":2}']) {
    await writeFile(join(lab.directory, 'lab.json'), text)
    await t.rejects(expectLab(lab.directory), { code: 'STORAGE_DAMAGED' })
  }
})

t.test('a file that was copied, or names what is outside of its lab, is not obeyed', async (t) => {
  const lab = await plannedIn(t)
  const [rack, region] = [lab.racks[0], lab.regions[0]]
  const wrong: readonly object[] = [
    { directory: '/' },
    { directory: `${lab.directory}/` },
    { id: 'ffffff' },
    { racks: [{ ...rack, name: '../../etc' }] },
    { racks: [{ ...rack, namespace: 'production' }] },
    { regions: [{ ...region, directory: '..' }] },
    { machines: [{ ...lab.machines[0], bmcName: '/etc/x' }] },
    { switchNamespace: 'irlab-ffffff-switch' },
    { machines: null },
  ]
  for (const more of wrong) {
    const text = JSON.stringify({ ...lab, ...more })
    await writeFile(join(lab.directory, 'lab.json'), text)
    await t.rejects(expectLab(lab.directory), { code: 'STORAGE_DAMAGED' }, text)
  }
})

t.test('nothing is left of a file that was being written', async (t) => {
  const lab = await plannedIn(t)
  await saveLab(lab)
  await writeFile(join(lab.directory, 'lab.json.new'), '{')
  await forgetLab(lab)
  t.same(await readdir(lab.directory), [])
})
