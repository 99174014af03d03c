// For preloads: sources of the product are changed as they are loaded; the product itself has no switch for a bug.
import { registerHooks } from 'node:module'

/** `find` must be in the file once, or the process ends with 70: what was planted is stale. */
export type Passage = { readonly file: string; readonly find: string; readonly replace: string }

export function patchSources(what: string, all: readonly Passage[]): void {
  registerHooks({
    load: (url, context, nextLoad) => {
      const result = nextLoad(url, context)
      const passages = all.filter(({ file }) => url.endsWith(file))
      if (passages.length === 0) return result
      let source = Buffer.from(result.source as Uint8Array).toString('utf8')
      for (const { file, find, replace } of passages) {
        if (source.split(find).length !== 2) {
          process.stderr.write(`${what} is stale: its passage is not once in ${file}\n`)
          process.exit(70)
        }
        source = source.replace(find, () => replace)
      }
      return { ...result, source }
    },
  })
}
