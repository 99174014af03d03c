// Arbitrary messages of every type, for property tests of the wire.
import fc from 'fast-check'
import type { Message } from '#raft/message.ts'
import type { Entry } from '#raft/types.ts'
import type { PeerMessage } from '#protocol/peer.ts'
import type { RackToRegion, RegionToRack } from '#protocol/rack.ts'

const index = fc.maxSafeNat()
const id = fc.string({ unit: 'binary', maxLength: 12 })
const stamp = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0)
const boolean = fc.boolean()
const ids = fc.array(id, { maxLength: 5 })
const header = { from: id, to: id, term: index }

const record = <T>(model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<T> => {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}
const message = <T extends Message['type']>(
  type: T,
  model: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Message> => record({ type: fc.constant(type), ...header, ...model })

const configuration = record({
  voters: ids,
  votersOutgoing: ids,
  learners: ids,
  learnersNext: ids,
  autoLeave: boolean,
})
export const snapshotMeta = record({
  lastIncludedIndex: index,
  lastIncludedTerm: index,
  lastIncludedStamp: stamp,
  configuration,
})

const appendEntries = fc
  .tuple(
    fc.nat(1_000_000),
    fc.nat(1_000),
    fc.array(
      fc.tuple(
        fc.nat(3),
        fc.constantFrom('empty', 'command', 'configuration'),
        stamp,
        fc.uint8Array(),
      ),
      {
        maxLength: 20,
      },
    ),
    record<{ from: string; to: string; term: number; leaderCommit: number }>({
      ...header,
      leaderCommit: index,
    }),
  )
  .map(([prevLogIndex, prevLogTerm, tail, rest]): Message => {
    let term = prevLogTerm
    const entries = tail.map(([step, kind, at, data], offset): Entry => {
      term += step
      return {
        term,
        index: prevLogIndex + 1 + offset,
        kind: kind as Entry['kind'],
        stamp: at,
        data,
      }
    })
    return { type: 'appendEntries', ...rest, prevLogIndex, prevLogTerm, entries }
  })

const commitHint = { commitIndex: index, commitTerm: index }

const RAFT: { readonly [T in Message['type']]: fc.Arbitrary<Message> } = {
  preVote: message('preVote', { lastLogIndex: index, lastLogTerm: index }),
  preVoteReply: message('preVoteReply', { granted: boolean, ...commitHint }),
  requestVote: message('requestVote', { lastLogIndex: index, lastLogTerm: index, forced: boolean }),
  requestVoteReply: message('requestVoteReply', { granted: boolean, ...commitHint }),
  appendEntries,
  appendEntriesReply: message('appendEntriesReply', {
    success: boolean,
    index,
    hintIndex: index,
    hintTerm: index,
    amnesia: index,
  }),
  heartbeat: message('heartbeat', { leaderCommit: index, readRound: index }),
  heartbeatReply: message('heartbeatReply', { readRound: index }),
  installSnapshot: message('installSnapshot', { snapshot: snapshotMeta }),
  timeoutNow: message('timeoutNow', {}),
  readIndex: message('readIndex', { requestId: index }),
  readIndexReply: message('readIndexReply', {
    requestId: index,
    index: fc.option(index, { nil: null }),
  }),
}

export const raftMessage = fc.oneof(...Object.values(RAFT))

const outcome = fc.oneof(
  record({ ok: fc.constant(true), value: fc.constant(null) }),
  record({ ok: fc.constant(true), value: record({ systemId: id }) }),
  record({ ok: fc.constant(false), code: fc.constant('CONFLICT'), message: id }),
)
const diskPosition = record({
  ...{ incarnation: index, epoch: index, batchSequence: index, term: index },
  ...{ votedFor: fc.option(id, { nil: null }), lastIndex: index, lastTerm: index },
})
const claims = record({
  ...{ incarnation: index, epoch: index, batchSequence: index },
  ...{ term: index, ackedTerm: index, ackedIndex: index },
})
const PEER: { readonly [T in PeerMessage['type']]: fc.Arbitrary<PeerMessage> } = {
  raft: record({ type: fc.constant('raft'), message: raftMessage }),
  forward: record({ type: fc.constant('forward'), id: index, envelope: fc.uint8Array() }),
  forwarded: record({
    type: fc.constant('forwarded'),
    id: index,
    result: fc.oneof(
      record({ ok: fc.constant(true), outcome, revision: index }),
      record({
        ok: fc.constant(false),
        reason: fc.constantFrom('notLeader', 'overloaded'),
        leader: fc.option(id, { nil: null }),
      }),
    ),
  }),
  recall: record({ type: fc.constant('recall'), position: diskPosition }),
  recalled: record({
    type: fc.constant('recalled'),
    ...{ incarnation: index, term: index },
    claims: fc.option(claims, { nil: null }),
    known: record({ index, configuration }),
  }),
  report: record({
    type: fc.constant('report'),
    report: record({
      id,
      role: fc.constantFrom('leader', 'follower'),
      term: index,
      applied: index,
      commit: index,
      last: index,
      fsyncP99Ms: fc.option(stamp, { nil: null }),
      apiUrl: id,
      pid: index,
      condition: fc.constantFrom('ok', 'verifying', 'reseeding'),
      reason: fc.option(id, { nil: null }),
      alarm: fc.constantFrom('none', 'low', 'critical'),
      hashes: fc.array(record({ index, value: id }), { maxLength: 8 }),
      position: fc.option(diskPosition, { nil: null }),
      certificateExpiresMs: fc.option(fc.nat(), { nil: null }),
    }),
  }),
  transfer: record({ type: fc.constant('transfer'), to: fc.option(id, { nil: null }) }),
}
export const peerMessage = fc.oneof(...Object.values(PEER))

const ip = fc.nat(0xffff_ffff)
const command = fc.oneof(
  record({
    type: fc.constant('lease.bind'),
    rackId: id,
    client: id,
    mac: id,
    ip,
    leaseSeconds: fc.nat(),
    kind: fc.constantFrom('selecting', 'initReboot', 'renewing', 'rebinding'),
    hostname: id,
  }),
  record({ type: fc.constant('lease.release'), client: id, ip }),
  record({ type: fc.constant('lease.decline'), client: id, mac: id, ip }),
  record({ type: fc.constant('lease.observe'), rackId: id, mac: id, ip }),
  record({ type: fc.constant('dhcp.observe'), rackId: id, vlanId: index, ip }),
  record({
    type: fc.constant('tenure.hello'),
    rackId: id,
    incarnation: index,
    journalSequence: index,
  }),
  record({
    type: fc.constant('tenure.beat'),
    rackId: id,
    epoch: index,
    journalSequence: index,
  }),
  record({
    type: fc.constant('reserve.grant'),
    rackId: id,
    epoch: index,
    vlanId: index,
    count: index,
  }),
  record({
    type: fc.constant('reserve.return'),
    rackId: id,
    epoch: index,
    reserves: fc.array(record({ ip, generation: index }), { maxLength: 4 }),
  }),
  record({
    type: fc.constant('reserve.replay'),
    rackId: id,
    epoch: index,
    ip,
    generation: index,
    client: id,
    mac: id,
    leaseSeconds: fc.nat(),
    hostname: id,
  }),
  record({ type: fc.constant('machine.heartbeat'), systemId: id }),
  record({ type: fc.constant('power.claim'), rackId: id, systemId: id, fence: index }),
  record({
    type: fc.constant('power.report'),
    rackId: id,
    systemId: id,
    token: index,
    result: fc.constantFrom('done', 'failed', 'off'),
    state: fc.constantFrom('on', 'off', 'unknown', 'error'),
    message: id,
  }),
  record({
    type: fc.constant('power.queryReport'),
    rackId: id,
    systemId: id,
    state: fc.constantFrom('on', 'off', 'unknown', 'error'),
    message: id,
  }),
  record({ type: fc.constant('chassis.claim'), rackId: id, id: index }),
  record({
    type: fc.constant('chassis.report'),
    rackId: id,
    id: index,
    token: index,
    result: fc.constantFrom('done', 'failed'),
    machines: fc.constantFrom(
      [],
      [{ systemId: 'abcdef', name: 'vm 1', node: '100', macs: ['52:54:00:00:00:01'] }],
    ),
    message: id,
  }),
  record({ type: fc.constant('power.parameters'), rackId: id, systemId: id }),
  record({
    type: fc.constant('event.record'),
    systemId: fc.option(id, { nil: null }),
    username: id,
    level: fc.constantFrom('INFO', 'ERROR'),
    eventType: id,
    description: id,
  }),
)
const TO_REGION: { readonly [T in RackToRegion['type']]: fc.Arbitrary<RackToRegion> } = {
  hello: record({
    type: fc.constant('hello'),
    register: record({
      systemId: id,
      hostname: id,
      version: id,
      architecture: id,
      cpuCount: fc.nat(),
      memoryMib: fc.nat(),
      interfaces: fc.array(record({ name: id, mac: id, addresses: ids }), { maxLength: 4 }),
      otherAddresses: ids,
    }),
    viewRevision: index,
  }),
  request: record({ type: fc.constant('request'), id: index, command }),
  ping: record({ type: fc.constant('ping'), sentAtMs: stamp }),
}
export const rackToRegion = fc.oneof(...Object.values(TO_REGION))

const changes = fc.array(
  fc.oneof(
    record({ table: fc.constant('holds'), key: ip, row: fc.constant(null) }),
    record({
      table: fc.constant('quarantines'),
      key: ip,
      row: record({ ip, until: stamp, mac: id }),
    }),
  ),
  { maxLength: 8 },
)
const TO_RACK: { readonly [T in RegionToRack['type']]: fc.Arbitrary<RegionToRack> } = {
  reply: record({
    type: fc.constant('reply'),
    id: index,
    reply: fc.oneof(
      record({ ok: fc.constant(true), outcome, revision: index }),
      record({ ok: fc.constant(false), reason: fc.constantFrom('noQuorum', 'overloaded') }),
    ),
  }),
  viewReset: record({ type: fc.constant('viewReset'), revision: index, stamp, rows: changes }),
  viewChanges: record({ type: fc.constant('viewChanges'), revision: index, stamp, changes }),
  pong: record({ type: fc.constant('pong'), sentAtMs: stamp, hasLeader: boolean }),
  goodbye: record({ type: fc.constant('goodbye') }),
}
export const regionToRack = fc.oneof(...Object.values(TO_RACK))
