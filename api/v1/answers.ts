// What /api/v1 answers, as schemas: shown in the OpenAPI document, and held to the truth by tests, which read every
// answer with them. Times are ISO 8601 in UTC.
import { z } from 'zod'

const COUNT = z.int().min(0)
const TIME = z.iso.datetime()
const TEXT_OR_NULL = z.string().nullable()

export const SETTING_ANSWER = z.strictObject({
  name: z.string(),
  value: z.string(),
  revision: COUNT.optional(),
})

const ROLE = z.string().describe('leader, follower, learner or unknown')

export const CLUSTER = z.strictObject({
  cluster_id: z.string(),
  node_id: z.string(),
  leader: TEXT_OR_NULL,
  term: COUNT,
  healthy: z.boolean(),
  revision: COUNT,
  feature_level: COUNT,
  nodes: z.array(
    z.strictObject({
      ...{ id: z.string(), role: ROLE, voter: z.boolean(), reachable: z.boolean() },
      ...{ applied: COUNT.nullable(), commit: COUNT.nullable(), lag: COUNT.nullable() },
      fsync_p99_ms: z.number().nullable(),
      ...{ api_url: TEXT_OR_NULL, peer_address: TEXT_OR_NULL, pid: COUNT.nullable().optional() },
      ...{ condition: TEXT_OR_NULL.optional(), reason: TEXT_OR_NULL.optional() },
      ...{ alarm: TEXT_OR_NULL.optional(), certificate_expires: TIME.nullable() },
    }),
  ),
})

export const MEMBERS = z.strictObject({
  cluster_id: z.string(),
  node_id: z.string(),
  leader: TEXT_OR_NULL,
  members: z.array(
    z.strictObject({
      ...{ id: z.string(), status: z.string(), since: TIME.nullable(), note: z.string() },
      ...{ role: ROLE, voter: z.boolean(), reachable: z.boolean() },
      ...{ applied: COUNT.nullable(), lag: COUNT.nullable() },
      ...{ condition: TEXT_OR_NULL, entries_per_second: z.number().nullable() },
      ...{ api_url: TEXT_OR_NULL, peer_address: TEXT_OR_NULL },
    }),
  ),
})

export const WISH = z.strictObject({ id: z.string(), status: z.string() })
export const LEADER = z.strictObject({ leader: z.string() })
export const NEW_JOIN_TOKEN = z.strictObject({
  ...{ token: z.string(), kind: z.string(), lifetime_seconds: COUNT },
})
export const JOIN_TOKENS = z.strictObject({
  tokens: z.array(
    z.strictObject({
      ...{ id: z.string(), kind: z.string(), created: TIME, one_time: z.boolean() },
      ...{ remaining_seconds: COUNT.nullable(), used_by: TEXT_OR_NULL, status: z.string() },
    }),
  ),
})

const EXPLAINED_SUBNET = z.strictObject({
  ...{ id: COUNT, cidr: z.string(), name: z.string(), managed: z.boolean() },
})
const EXPLAINED_RANGE = z.strictObject({
  ...{ id: COUNT, type: z.string(), start_ip: z.string(), end_ip: z.string() },
})
const VERDICT = z.strictObject({ given: z.boolean(), reason: TEXT_OR_NULL })

/** Open where the parts are those of the lease protocol, which may become more. */
export const EXPLANATION = z.looseObject({
  ip: z.string(),
  revision: COUNT,
  subnet: EXPLAINED_SUBNET.nullable(),
  vlan: z
    .strictObject({ id: COUNT, vid: COUNT, name: z.string(), dhcp_on: z.boolean() })
    .nullable(),
  range: EXPLAINED_RANGE.nullable(),
  ...{ by_name: VERDICT, next_free: z.boolean(), by_dhcp: VERDICT },
})

const TEXTS = z.array(z.string())

export const DHCP_EXPLANATION = z.strictObject({
  ...{ mac: z.string(), message: z.string(), revision: COUNT, answer: z.string(), steps: TEXTS },
  vlan: z.strictObject({ id: COUNT, name: z.string() }).nullable(),
  racks: z.array(
    z.strictObject({ system_id: z.string(), hostname: z.string(), connected: z.boolean() }),
  ),
  rack: TEXT_OR_NULL,
  address: z.strictObject({ ip: z.string(), lease_seconds: COUNT }).nullable(),
  boot: z.strictObject({ file: z.string(), server: z.string() }).nullable(),
  options: z.array(
    z.strictObject({
      ...{ code: COUNT, name: TEXT_OR_NULL, value: z.string() },
      ...{ scope: TEXT_OR_NULL, origin: z.string() },
    }),
  ),
})

export const NAME_EXPLANATION = z.strictObject({
  ...{ name: z.string(), type: z.string(), revision: COUNT, answer: z.string(), steps: TEXTS },
  zone: TEXT_OR_NULL,
  records: z.array(
    z.strictObject({
      ...{ name: z.string(), type: z.string(), ttl: COUNT, data: z.string(), sources: TEXTS },
    }),
  ),
})

export const DHCP_OPTION_ANSWER = z.strictObject({
  ...{ scope: z.string(), code: COUNT, name: TEXT_OR_NULL, type: z.string(), force: z.boolean() },
  value: z.union([z.string(), z.number(), z.boolean(), TEXTS]),
})

export const ACCESS_TOKEN_ANSWER = z.strictObject({
  ...{ id: COUNT, name: z.string(), scope: z.enum(['read', 'write', 'admin']), created: TIME },
  ...{ expired: z.boolean(), lifetime_seconds: COUNT.nullable() },
})
/** Null when the request is repeated: nobody has the text any more. */
export const NEW_ACCESS_TOKEN = ACCESS_TOKEN_ANSWER.extend({ token: TEXT_OR_NULL })

export const USER = z.strictObject({
  ...{ id: COUNT, username: z.string(), email: z.string(), is_superuser: z.boolean() },
  created: TIME,
})

export const AUDIT_EVENT = z.strictObject({
  ...{ id: COUNT, time: TIME, action: z.string(), description: z.string() },
  ...{ subject_id: z.union([COUNT, z.string()]).nullable(), subject: z.string() },
  ...{ system_id: TEXT_OR_NULL, hostname: z.string(), username: z.string() },
  ...{ remote_address: z.string(), request_id: z.string() },
})

export const LEASE = z.strictObject({
  ...{ ip: z.string(), mac: z.string(), hostname: z.string(), subnet_id: COUNT.nullable() },
  ...{ rack_id: TEXT_OR_NULL, bound: TIME, released: z.boolean() },
  ...{ lease_ends_in_seconds: COUNT, held_for_seconds: COUNT },
})

export const page = (row: z.ZodType) =>
  z.strictObject({ items: z.array(row), revision: COUNT, next_cursor: TEXT_OR_NULL })

export const IMAGE_IMPORT = z.strictObject({
  ...{ number: COUNT, message: z.string(), region_id: TEXT_OR_NULL, stopping: z.boolean() },
  status: z.enum(['never', 'wanted', 'running', 'done', 'failed', 'stopped']),
  ...{ done_bytes: COUNT, total_bytes: COUNT, started: TIME.nullable() },
})

export const IMAGES = z.strictObject({
  revision: COUNT,
  items: z.array(
    z.strictObject({
      ...{ id: COUNT, name: z.string(), architecture: z.string(), title: z.string() },
      ...{ type: z.string(), version: TEXT_OR_NULL, bytes: COUNT, deployable: z.boolean() },
      regions: z.array(z.strictObject({ id: z.string(), bytes: COUNT, complete: z.boolean() })),
    }),
  ),
})

export const BOOT_FILE = z.strictObject({ sha256: z.string() })
