// Loaded by `node --import` before a child of the simulator: whatever that child imports is loaded with the
// mutant in place. A mutant that is stale, or whose file the child never loads, ends the child with `STALE`.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Mutant, mutate } from './mutant.ts'

/** Neither a pass nor a catch. */
const STALE = 70
const ROOT = join(import.meta.dirname, '..', '..', '..')

const mutant = JSON.parse(process.env['IRONRAFT_MUTANT'] ?? '') as Mutant
const target = pathToFileURL(join(ROOT, mutant.file)).href
let loaded = false

function giveUp(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(STALE)
}

registerHooks({
  load: (url, context, nextLoad) => {
    const result = nextLoad(url, context)
    if (url !== target) return result
    loaded = true
    try {
      const source = Buffer.from(result.source as Uint8Array).toString('utf8')
      return { ...result, source: mutate(mutant, source) }
    } catch (error) {
      giveUp(error instanceof Error ? error.message : String(error))
    }
  },
})

process.on('exit', (code) => {
  if (!loaded && code !== STALE) giveUp(`mutant ${mutant.name}: ${mutant.file} was never loaded`)
})
