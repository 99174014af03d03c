// A machine that once computes a row wrong: the first `custom/wrong` that node-3 writes is not what it was told.
// Loaded with `--import` into every node, for the entries after which states are compared must be the same on all.
import { registerHooks } from 'node:module'

type Passage = { readonly file: string; readonly find: string; readonly replace: string }

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

registerHooks({
  load: (url, context, nextLoad) => {
    const result = nextLoad(url, context)
    const passages = PASSAGES.filter(({ file }) => url.endsWith(file))
    if (passages.length === 0) return result
    let source = Buffer.from(result.source as Uint8Array).toString('utf8')
    for (const { file, find, replace } of passages) {
      if (source.split(find).length !== 2) {
        process.stderr.write(`the wrong row is stale: its passage is not once in ${file}\n`)
        process.exit(70)
      }
      source = source.replace(find, () => replace)
    }
    return { ...result, source }
  },
})
