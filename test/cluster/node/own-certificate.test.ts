// A node's key and certificate on disk: whenever the power goes, there is a pair that fits together.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { NodeFile } from '#node/node-file.ts'
import { readCredentials, writeOwnCertificate } from '#node/own-certificate.ts'
import { makeTestPki } from '#test/support/cluster-pki.ts'
import { temporaryDirectory } from '#test/support/temporary-directory.ts'

const pki = await makeTestPki()
const older = await pki.member('region', 'a')
const newer = await pki.member('region', 'a')
const node = { clusterId: pki.clusterId, nodeId: 'a' } as NodeFile

async function makeDirectory(t: Test, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await temporaryDirectory(t)
  await mkdir(join(directory, 'pki'))
  for (const [name, text] of Object.entries({ 'ca.pem': pki.ca.certificatePem, ...files })) {
    await writeFile(join(directory, 'pki', name), text)
  }
  return directory
}

/** Which of the two it is. */
async function read(directory: string): Promise<'older' | 'newer' | 'mixed'> {
  const { certificatePem, keyPem } = await readCredentials(directory, node, 1)
  for (const [name, pair] of Object.entries({ older, newer })) {
    const isIt =
      certificatePem.trim() === pair.certificatePem.trim() && keyPem.trim() === pair.keyPem.trim()
    if (isIt) return name as 'older' | 'newer'
  }
  return 'mixed'
}

const TWO_FILES = { 'node.pem': older.certificatePem, 'node.key': older.keyPem }

t.test('a node of two files is read, and has one after a renewal', async (t) => {
  const directory = await makeDirectory(t, TWO_FILES)
  t.equal(await read(directory), 'older')
  await writeOwnCertificate(directory, newer)
  t.equal(await read(directory), 'newer')
  t.same((await readdir(join(directory, 'pki'))).toSorted(), ['ca.pem', 'node.pem'])
})

t.test('a crash between any two steps of a renewal leaves one pair or the other', async (t) => {
  const one = await makeDirectory(t, {})
  await writeOwnCertificate(one, newer)
  const file = await readFile(join(one, 'pki', 'node.pem'), 'utf8')
  const crashes = [
    {
      when: 'the new file is half written',
      files: { ...TWO_FILES, 'node.pem.tmp': file.slice(0, 99) },
      left: 'older',
    },
    {
      when: 'it is whole, but not renamed',
      files: { ...TWO_FILES, 'node.pem.tmp': file },
      left: 'older',
    },
    {
      when: 'the old key is not removed yet',
      files: { ...TWO_FILES, 'node.pem': file },
      left: 'newer',
    },
  ]
  for (const { when, files, left } of crashes) {
    const directory = await makeDirectory(t, files)
    t.equal(await read(directory), left, when)
    await writeOwnCertificate(directory, newer)
    t.equal(await read(directory), 'newer', `${when}: the next renewal goes through`)
  }
})

t.test('what does not fit together is said, with what to do', async (t) => {
  const cases: readonly Readonly<Record<string, string>>[] = [
    {},
    { 'node.pem': older.certificatePem },
    { 'node.pem': older.certificatePem, 'node.key': newer.keyPem },
    { 'node.pem': 'damaged', 'node.key': older.keyPem },
  ]
  for (const files of cases) {
    const directory = await makeDirectory(t, files)
    const fault = { code: 'CERTIFICATE_INVALID', message: /region renew/ }
    await t.rejects(readCredentials(directory, node, 1), fault, Object.keys(files).join())
  }
})

t.test('without the CA’s key a node has credentials all the same', async (t) => {
  const directory = await makeDirectory(t, TWO_FILES)
  t.equal((await readCredentials(directory, node, 1)).caKeyPem, null)
  await writeFile(join(directory, 'pki', 'ca.key'), pki.ca.keyPem)
  t.equal((await readCredentials(directory, node, 1)).caKeyPem, pki.ca.keyPem)
})
