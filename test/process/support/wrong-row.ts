// A machine that once computes a row wrong: the first `custom/wrong` that node-3 writes is not what it was told.
// Loaded with `--import` into every node, for the entries after which states are compared must be the same on all.
import { type Passage, patchSources } from './patch-sources.ts'

const PASSAGES: readonly Passage[] = [
  {
    // Soon instead of once a minute.
    file: '/cluster/platform/config.ts',
    find: 'stateHashEntries: 8_192,',
    replace: 'stateHashEntries: 4,',
  },
  {
    file: '/cluster/state/settings.ts',
    find: '    state.settings.put(name, { name, value })\n    return DONE\n',
    replace: `    const isWrong = name === 'custom/wrong' && globalThis.wrongRows-- > 0
    state.settings.put(name, { name, value: isWrong ? 'flipped' : value })
    return DONE
`,
  },
]

const isWrongNode = process.argv.some((word) => word.endsWith('/node-3'))
Object.assign(globalThis, { wrongRows: isWrongNode ? 1 : 0 })

patchSources('the wrong row', PASSAGES)
