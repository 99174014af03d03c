// A log is cut only where an entry of another term takes the place (Raft §5.3): a late message that holds less
// than the log is no reason (pitfall B3).
import type { MakeChecker } from '../checker.ts'

export const truncatesOnConflict: MakeChecker = ({ fail }) => ({
  name: 'truncates-on-conflict',
  onSave: ({ id, reader }, { entries, snapshot }) => {
    const last = entries.at(-1)
    if (reader === null || snapshot !== null || last === undefined) return
    if (last.index >= reader.lastIndex() || reader.termAt(last.index) !== last.term) return
    fail(`${id} cuts its log from ${reader.lastIndex()} to ${last.index}; nothing conflicts`)
  },
})
