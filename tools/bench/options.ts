// The command line of `npm run bench`.
import { parseArgs } from 'node:util'
import type { BenchOptions } from './main.ts'

const MEASURES = [
  ...['P1', 'P2', 'P3', 'P4', 'P5', 'P7', 'P12', 'A1', 'A2', 'A3', 'D1', 'P14', 'P15', 'P16', 'S1'],
  ...['L1', 'M1'],
]

const USAGE = `npm run bench -- [options]

Measures what docs/performance.md quotes, alternating with peers where they are installed.

  --only P1,P2,…   of ${MEASURES.join(', ')} (all)
  --rounds N       of each measure and side (3)
  --seconds N      of load in a round (4)
  --failovers N    of P5 (50)
  --lives N        of machines in a round of M1 (1000)
  --inventory N,…  other machines beside those of M1 (10,100,1000,10000)
  --no-peer        ours alone
  --help           this text
`

export type BenchArguments =
  | { readonly kind: 'help'; readonly text: string }
  /** One line. */
  | { readonly kind: 'wrong'; readonly why: string }
  | { readonly kind: 'run'; readonly options: Omit<BenchOptions, 'directory' | 'say'> }

const OPTIONS = {
  only: { type: 'string', default: MEASURES.join(',') },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '4' },
  failovers: { type: 'string', default: '50' },
  lives: { type: 'string', default: '1000' },
  inventory: { type: 'string', default: '10,100,1000,10000' },
  'no-peer': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

export function parseBenchArguments(args: readonly string[]): BenchArguments {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS })
    if (values.help) return { kind: 'help', text: USAGE }
    const only = values.only.split(',')
    const unknown = only.find((id) => !MEASURES.includes(id))
    if (unknown !== undefined) return wrong(`--only: there is no measure ${unknown.slice(0, 32)}`)
    const [rounds, seconds, failovers] = [
      countOf('rounds', values.rounds),
      countOf('seconds', values.seconds),
      countOf('failovers', values.failovers),
    ]
    const peer = !values['no-peer']
    const lives = countOf('lives', values.lives)
    const inventories = values.inventory.split(',').map((text) => countOf('inventory', text))
    const ours = { lives, inventories }
    const options = { rounds, seconds, failovers, ...ours, peer, otherPeers: peer }
    return { kind: 'run', options: { only: new Set(only), ...options } }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return wrong(message.split('\n', 1)[0] ?? '')
  }
}

function countOf(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Error(`--${name} takes a whole number from 1 on`)
}

function wrong(why: string): BenchArguments {
  return { kind: 'wrong', why: `${why} (--help shows the options)` }
}
