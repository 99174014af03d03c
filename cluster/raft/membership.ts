// Configurations: their shape, which change may follow which, and their bytes in the log
// (dissertation §4.3; etcd's apply-time rule, pitfall D3). Pure functions from value to value.
import assert from 'node:assert/strict'
import type { Configuration, NodeId } from './types.ts'

/** Sorted, so that peers are walked in the same order on every node and in every run (F1). */
export function members(configuration: Configuration): readonly NodeId[] {
  const all = new Set([
    ...configuration.voters,
    ...configuration.votersOutgoing,
    ...configuration.learners,
    ...configuration.learnersNext,
  ])
  return [...all].sort()
}

/** In a joint configuration a voter of either side. */
export function isVoter(configuration: Configuration, id: NodeId): boolean {
  return configuration.voters.includes(id) || configuration.votersOutgoing.includes(id)
}

export function voterIds(configuration: Configuration): readonly NodeId[] {
  return [...new Set([...configuration.voters, ...configuration.votersOutgoing])].sort()
}

export function isJoint(configuration: Configuration): boolean {
  return configuration.votersOutgoing.length > 0
}

/** What a joint configuration becomes when it is left (pitfalls D5, D6). */
export function leaveJoint(configuration: Configuration): Configuration {
  assert(isJoint(configuration), 'only a joint configuration is left')
  return {
    voters: configuration.voters,
    votersOutgoing: [],
    learners: [...configuration.learners, ...configuration.learnersNext],
    learnersNext: [],
    autoLeave: false,
  }
}

/** Null when the shape is sound, else what is wrong with it. */
export function configurationFault(configuration: Configuration): string | null {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = configuration
  for (const list of [voters, votersOutgoing, learners, learnersNext]) {
    if (new Set(list).size !== list.length) return 'a node is listed twice'
    if (list.some((id) => id === '')) return 'a node has an empty id'
  }
  if (voters.length === 0) return 'there is no voter'
  const learnerIsVoter = learners.some((id) => isVoter(configuration, id))
  if (learnerIsVoter) return 'a learner is a voter'
  // A demoted voter stays a voter of the outgoing side until the joint configuration is left (D6).
  const onlyOutgoing = (id: NodeId): boolean => votersOutgoing.includes(id) && !voters.includes(id)
  if (!learnersNext.every(onlyOutgoing)) return 'a next learner is not an outgoing voter'
  if (autoLeave && !isJoint(configuration)) return 'only a joint configuration leaves by itself'
  return null
}

/** Null when `to` may follow `from`, else why not: no two majorities may fail to intersect. */
export function changeFault(from: Configuration, to: Configuration): string | null {
  const fault = configurationFault(to)
  if (fault !== null) return fault
  if (isJoint(from)) {
    return isSame(to, leaveJoint(from)) ? null : 'a joint configuration is left before any change'
  }
  if (isJoint(to)) {
    const entersFromHere = isSameSet(to.votersOutgoing, from.voters)
    if (!entersFromHere) return 'the outgoing voters are not the present voters'
    const wasMember = (id: NodeId): boolean => isVoter(from, id) || from.learners.includes(id)
    // D8: who has nothing yet would be missing from a majority from its first moment on.
    return to.voters.every(wasMember) ? null : 'a new voter has not been a learner'
  }
  return isSameSet(to.voters, from.voters) ? null : 'voters change by a joint configuration only'
}

function isSame(a: Configuration, b: Configuration): boolean {
  return (
    isSameSet(a.voters, b.voters) &&
    isSameSet(a.votersOutgoing, b.votersOutgoing) &&
    isSameSet(a.learners, b.learners) &&
    isSameSet(a.learnersNext, b.learnersNext)
  )
}

function isSameSet(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id))
}

const FORMAT_VERSION = 1

/** The data of a `configuration` entry. */
export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = configuration
  const fields = [FORMAT_VERSION, voters, votersOutgoing, learners, learnersNext, autoLeave]
  return new TextEncoder().encode(JSON.stringify(fields))
}

/** Throws on bytes that `encodeConfiguration` of this or an older version did not write. */
export function decodeConfiguration(data: Uint8Array): Configuration {
  const fields: unknown = JSON.parse(new TextDecoder().decode(data))
  assert(Array.isArray(fields) && fields[0] === FORMAT_VERSION, 'a known configuration format')
  const [, voters, votersOutgoing, learners, learnersNext, autoLeave] = fields as unknown[]
  const configuration: Configuration = {
    voters: parseIds(voters),
    votersOutgoing: parseIds(votersOutgoing),
    learners: parseIds(learners),
    learnersNext: parseIds(learnersNext),
    autoLeave: autoLeave === true,
  }
  assert.equal(configurationFault(configuration), null)
  return configuration
}

function parseIds(value: unknown): readonly NodeId[] {
  assert(Array.isArray(value), 'a list of ids')
  return value.map((id: unknown) => {
    assert(typeof id === 'string', 'an id is a string')
    return id
  })
}
