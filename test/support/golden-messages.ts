// One sample of every message between nodes, and of every file, for the golden bytes.
import type { Greeting } from '#protocol/hello.ts'
import type { PeerMessage, SnapshotOffer } from '#protocol/peer.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'
import type { Message, MessageType } from '#raft/message.ts'
import type { Entry, EntryKind, SnapshotMeta } from '#raft/types.ts'
import type { BackupHeader } from '#storage/backup-file.ts'
import { COMMAND_SAMPLES } from './golden-commands.ts'

const data = new Uint8Array([1, 2, 3])
const ENTRIES: { readonly [K in EntryKind]: Entry } = {
  empty: { term: 3, index: 42, kind: 'empty', stamp: 1_000.5, data: new Uint8Array(0) },
  command: { term: 3, index: 43, kind: 'command', stamp: 1_001, data },
  configuration: { term: 4, index: 2 ** 40, kind: 'configuration', stamp: 2 ** 42, data },
}
export const ENTRY_SAMPLES: Readonly<Record<string, Entry>> = ENTRIES

export const META: SnapshotMeta = {
  ...{ lastIncludedIndex: 40, lastIncludedTerm: 2, lastIncludedStamp: 900.5 },
  configuration: {
    ...{ voters: ['a', 'b', 'c'], votersOutgoing: ['a'], learners: ['d'], learnersNext: ['c'] },
    autoLeave: true,
  },
}

export const BACKUP_HEADER: BackupHeader = {
  ...{ clusterId: 'c-1', revision: 40, stamp: 900.5, featureLevel: 2 },
  ...{ createdWall: 1_790_000_000_000, productVersion: '0.1.0' },
}

const RAFT: { readonly [T in MessageType]: object } = {
  preVote: { lastLogIndex: 41, lastLogTerm: 3 },
  preVoteReply: { granted: true },
  requestVote: { lastLogIndex: 41, lastLogTerm: 3, forced: false },
  requestVoteReply: { granted: false },
  appendEntries: {
    ...{ prevLogIndex: 41, prevLogTerm: 2, leaderCommit: 41 },
    entries: [ENTRIES.empty, ENTRIES.command],
  },
  appendEntriesReply: { success: false, index: 40, hintIndex: 39, hintTerm: 2 },
  heartbeat: { leaderCommit: 41, readRound: 7 },
  heartbeatReply: { readRound: 7 },
  installSnapshot: { snapshot: META },
  timeoutNow: {},
  readIndex: { requestId: 5 },
  readIndexReply: { requestId: 5, index: null },
}
const outcome = { ok: true, value: { id: 7 as never } } as const
const position = {
  ...{ incarnation: 4, epoch: 2, batchSequence: 90, term: 3, votedFor: null },
  ...{ lastIndex: 43, lastTerm: 3 },
}
const claims = {
  ...{ incarnation: 4, epoch: 2, batchSequence: 90, term: 3, ackedTerm: 3, ackedIndex: 43 },
}
const report = {
  ...{
    id: 'a',
    role: 'leader' as const,
    term: 3,
    applied: 41,
    commit: 41,
    last: 43,
    fsyncP99Ms: 1.5,
  },
  ...{ apiUrl: 'http://192.0.2.1:5240', pid: 99, featureLevels: { min: 1, max: 2 } },
  ...{ condition: 'reseeding' as const, reason: 'why', position, hashes: [] },
  alarm: 'none' as const,
  certificateExpiresMs: 1_790_000_000_000,
} as const
const PEER: { readonly [T in Exclude<PeerMessage['type'], 'raft'>]: PeerMessage } = {
  forward: { type: 'forward', id: 9, envelope: new Uint8Array([4, 5]) },
  forwarded: { type: 'forwarded', id: 9, result: { ok: true, outcome, revision: 44 } },
  report: { type: 'report', report },
  recall: { type: 'recall', position },
  transfer: { type: 'transfer', to: 'b' },
  recalled: {
    ...{ type: 'recalled', incarnation: 4, claims, term: 3 },
    known: { index: 41, configuration: META.configuration },
  },
}
export const PEER_SAMPLES: Readonly<Record<string, PeerMessage>> = {
  ...Object.fromEntries(
    Object.entries(RAFT).map(([type, fields]) => {
      const message = { type, from: 'a', to: 'b', term: 3, ...fields } as Message
      return [`raft ${type}`, { type: 'raft', message }]
    }),
  ),
  ...PEER,
}

export const OFFER_SAMPLES: Readonly<Record<string, SnapshotOffer>> = {
  resumable: { meta: META, sha256: 'ab', sizeBytes: 9, from: 'a', term: 3, resumable: true },
}

const member = {
  ...{ protocolVersion: 1, clusterId: 'c-1', nodeId: 'a', kind: 'region' as const, incarnation: 4 },
  featureLevels: { min: 1, max: 2 },
} as const
const request = { secret: 's', certificateRequestPem: 'p', rackId: 'r', hostname: 'h' }
const where = { host: '192.0.2.4', port: 5250, apiUrl: 'http://192.0.2.4:5240' }
const GREETINGS: { readonly [T in Greeting['type']]: Greeting } = {
  hello: { type: 'hello', purpose: 'messages', ...member },
  welcome: { type: 'welcome', ...member },
  refused: { type: 'refused', code: 'PROTOCOL', message: 'no' },
  enroll: { type: 'enroll', request: request as never },
  enrolled: { type: 'enrolled', reply: { ok: false, message: 'no' } },
  join: {
    type: 'join',
    request: { secret: 's', certificateRequestPem: 'p', nodeId: 'n', ...where },
  },
  joined: {
    type: 'joined',
    reply: {
      ...{ ok: true, certificatePem: 'p', caPem: 'c', caKeyPem: 'k', clusterId: 'c-1' },
      ...{ members: [{ id: 'n', ...where }], voters: ['a'] },
    },
  },
  renew: { type: 'renew', request: { certificateRequestPem: 'p' } },
  renewed: {
    type: 'renewed',
    reply: { ok: true, certificatePem: 'p', caPem: 'c', clusterId: 'c-1' },
  },
  snapshotFrom: { type: 'snapshotFrom', bytes: 5 },
  snapshotDone: { type: 'snapshotDone', ok: true, message: '' },
}
export const GREETING_SAMPLES: Readonly<Record<string, Greeting>> = GREETINGS

const {
  type: _,
  incarnation: __,
  ...register
} = COMMAND_SAMPLES['rack.register'] as never as Record<string, unknown>
const TO_REGION: { readonly [T in RackToRegion['type']]: RackToRegion } = {
  hello: { type: 'hello', register: register as never, viewRevision: 12 },
  request: { type: 'request', id: 4, command: COMMAND_SAMPLES['lease.bind'] as never },
  ping: { type: 'ping', sentAtMs: 100.5 },
}
export const RACK_TO_REGION_SAMPLES: Readonly<Record<string, RackToRegion>> = TO_REGION

const change = { table: 'subnets', key: 2, row: null } as const
const TO_RACK: { readonly [T in RegionToRack['type']]: RegionToRack } = {
  reply: { type: 'reply', id: 4, reply: { ok: true, outcome, revision: 44 } },
  viewReset: { type: 'viewReset', revision: 44, stamp: 1_001, rows: [change] },
  viewChanges: { type: 'viewChanges', revision: 45, stamp: 1_002.5, changes: [change] },
  pong: { type: 'pong', sentAtMs: 100.5, hasLeader: true },
  goodbye: { type: 'goodbye' },
}
export const REGION_TO_RACK_SAMPLES: Readonly<Record<string, RegionToRack>> = TO_RACK
