// What a child of the mutant tests runs: prints what the loaded source says.
import { quorumSize } from '#raft/quorum.ts'

process.stdout.write(`${JSON.stringify({ quorum: quorumSize(3) })}\n`)
