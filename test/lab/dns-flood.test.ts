// DNS survives any datagram and any stream: a million mutants and noise of a seed, and hostile connections, at a region
// and at a rack, from an address that has shown nothing. Every answer is judged.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { FloodReport } from './support/dns-flood.ts'
import { Namespaces, until } from './support/namespaces.ts'

t.setTimeout(170_000)

const DATAGRAMS = 1_000_000
const SEED = Number(process.env['SEED'] ?? 20_261_127)
const FLOOD = join(import.meta.dirname, 'support', 'dns-flood.ts')

t.test(`a million datagrams of seed ${SEED}, and hostile streams`, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ironraft-flood-'))
  const namespaces = new Namespaces()
  t.teardown(async () => {
    await namespaces.remove()
    await rm(directory, { recursive: true, force: true })
  })
  for (const host of [1, 2, 3])
    namespaces.ip('dns', 'address', 'add', `10.99.0.${host}/32`, 'dev', 'lo')
  const args = ['--disable-warning=ExperimentalWarning', FLOOD, directory, DATAGRAMS, SEED]
  const flood = namespaces.start('dns', process.execPath, ...args.map(String))
  await until(() => flood.child.exitCode !== null, flood.output, 160_000)
  const report = JSON.parse(flood.output().trim().split('\n').at(-1) ?? '') as FloodReport
  t.comment(JSON.stringify(report))
  for (const [name, server] of Object.entries(report)) {
    await t.test(name, async (t) => {
      t.equal(server.sent, DATAGRAMS / 2)
      t.same(server.wrong, [], 'every answer is right, and none is missing')
      t.ok(server.answered > server.sent / 3)
      const { residentMbBefore: before, residentMbHalf: half, residentMbAfter: after } = server
      t.ok(after < before + 160 && after < half + 48, `memory: ${before}, ${half}, ${after} MB`)
      t.same(server.errors, [])
      t.ok(server.stillRight)
      const { streams } = server
      t.ok(streams.kept > 0 && streams.kept <= 32, `${streams.kept} of 100 connections kept`)
      t.ok(streams.othersServed)
      t.ok(streams.octetByOctetServed)
      t.ok(streams.oversizedEnded)
      t.ok(streams.slowEnded)
      t.ok(streams.neverEndingEnded)
      t.ok(streams.neverEndingMb < 64)
    })
  }
})
