// The child that runs seeds, with or without a mutant in what it loads: stops at the first violation and answers
// with one line of JSON. Arguments: first seed, number of seeds, profile or `-`.
import type { SeedsAnswer } from '../mutants/run.ts'
import { PROFILES } from './profile.ts'
import { simulate } from './simulate.ts'

const [from = '0', count = '1', name = '-'] = process.argv.slice(2)
const profile = PROFILES.find((one) => one === name)

async function run(): Promise<SeedsAnswer> {
  const seeds = Number(count)
  for (let seed = Number(from); seed < Number(from) + seeds; seed++) {
    const { violation } = await simulate({ seed, profile })
    if (violation !== undefined) return { verdict: 'fail', seed, ...violation }
  }
  return { verdict: 'pass', seeds }
}

process.stdout.write(`${JSON.stringify(await run())}\n`)
