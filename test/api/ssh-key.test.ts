import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { parseSshKey } from '#api/ssh-key.ts'

const field = (bytes: Buffer | string): Buffer => {
  const data = Buffer.from(bytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, data])
}
const { publicKey } = generateKeyPairSync('ed25519')
const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
const blob = Buffer.concat([field('ssh-ed25519'), field(raw)])
const KEY = `ssh-ed25519 ${blob.toString('base64')} bob@example.org`

t.test('a key is taken as one line', async (t) => {
  t.equal(parseSshKey(KEY), KEY)
  t.equal(parseSshKey(`  ${KEY.replace(' ', '   ')}\n`), KEY)
  t.equal(parseSshKey(KEY.split(' ').slice(0, 2).join(' ')), KEY.split(' ').slice(0, 2).join(' '))
})

const half = blob.subarray(0, 30).toString('base64')
const WRONG: Readonly<Record<string, string>> = {
  nothing: '',
  'a private key': '-----BEGIN OPENSSH PRIVATE KEY-----',
  'another type than it says': KEY.replace('ssh-ed25519', 'ssh-rsa'),
  'an unknown type': KEY.replace('ssh-ed25519', 'ssh-foo'),
  'half a key': `ssh-ed25519 ${half}`,
  'a type and no key': `ssh-ed25519 ${field('ssh-ed25519').toString('base64')}`,
  'no base64': 'ssh-ed25519 !!!',
  'two lines': `${KEY}\n${KEY}`,
  'options before it': `no-pty ${KEY}`,
  'too long': `${KEY} ${'x'.repeat(17_000)}`,
}
for (const [name, text] of Object.entries(WRONG)) {
  t.test(`${name} is no key`, async (t) => t.equal(parseSshKey(text), undefined))
}
