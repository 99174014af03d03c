// Limits and times of the replicated state. They are part of what commands mean: changing one changes what
// replays of old logs yield, so a new value needs a new command version.

/** More unanswered requests than this of one session are refused without being executed. */
export const SESSION_OUTCOMES_MAX = 8192
/** Answered outcomes may wait until this many can be dropped together. */
export const SESSION_PRUNE_BATCH = 64

/** An `Idempotency-Key` counts as unused this long (log time, ms) after its answer was recorded. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000
/** Beyond it requests with a new key are refused without being executed. */
export const IDEMPOTENCY_ROWS_MAX = 1_000_000

/** Newest audited writes kept; other events cannot push them out. */
export const AUDIT_EVENTS_MAX = 20_000

/** Of one user. Beyond it new ones are refused; of login sessions the oldest goes. */
export const API_KEYS_PER_USER_MAX = 1_000
export const PUBLIC_KEYS_PER_USER_MAX = 200
export const ACCESS_TOKENS_PER_USER_MAX = 200
export const LOGIN_SESSIONS_PER_USER_MAX = 50
/** Log time, ms. */
export const LOGIN_LIFETIME_MS_MAX = 365 * 24 * 3_600_000

/** Newest events kept; the oldest goes with each insertion. */
export const EVENTS_MAX = 20_000

/** Ended rows of one table that one `time.advance` removes. */
export const SWEEP_ROWS_MAX = 1_000

/** Region nodes of one cluster; more make every write slower and none safer. */
export const MEMBERS_MAX = 9
/** Those and their tombstones. */
export const MEMBER_ROWS_MAX = 10_000

/** One-time tokens that are not yet expired. */
export const TOKENS_MAX = 1_000
export const TOKEN_LIFETIME_MS_MAX = 30 * 24 * 3_600_000

// Lease arithmetic is `model/lease-time.ts`: racks count with it too.

/** Percent of the pool that must be free for full endurance, and at which none is left. */
export const ENDURANCE_FULL_PERCENT = 25
export const ENDURANCE_NONE_PERCENT = 5
/** Qd: how long a declined address rests, ms. */
export const QUARANTINE_MS = 24 * 3_600_000

/** How long an address seen in use is kept from others, ms (§6). */
export const OBSERVED_MS = 3_600_000
export const OBSERVED_MAX = 10_000
/** Of one hardware address; whoever answers for more answers for others. */
export const OBSERVED_PER_MAC_MAX = 16

/** How long a foreign DHCP server counts as there after it was heard last, ms: three of the racks' rounds. */
export const DHCP_SIGHTING_MS = 900_000
export const DHCP_SIGHTINGS_PER_VLAN_MAX = 8

/** How long a neighbour is remembered that nobody hears any more, ms. */
export const NEIGHBOUR_MS = 7 * 24 * 3_600_000
export const NEIGHBOURS_MAX = 20_000
/** In one report of a rack. */
export const NEIGHBOURS_PER_REPORT_MAX = 256
export const SCAN_CIDRS_MAX = 256
/** How long a request to scan is good, ms. */
export const SCAN_MS = 600_000

/** Options set by operators, of all scopes together. */
export const DHCP_OPTIONS_MAX = 10_000

/** Addresses of one VLAN that one rack may have in reserve (§6). */
export const RESERVE_PER_RACK_MAX = 64
/** A rack gets at most this part of what is free, shared by the racks of the VLAN. */
export const RESERVE_FREE_SHARE = 8
/** Addresses looked at for one grant. */
export const RESERVE_PROBES_MAX = 4_096
/** Beyond it new reservations are refused. */
export const RESERVATIONS_MAX = 100_000

export const DOMAINS_MAX = 10_000
export const FORWARD_SERVERS_MAX = 8
export const DNS_RESOURCES_MAX = 1_000_000
export const DNS_RECORDS_MAX = 1_000_000
/** Addresses of one name, and records beside them: an RRset must fit into a message. */
export const DNS_ADDRESSES_MAX = 256
export const DNS_RECORDS_PER_NAME_MAX = 256

/** Texts of scripts and DHCP snippets: versions kept of one, and UTF-16 units of all of them together. */
export const TEXT_VERSIONS_MAX = 20
export const TEXT_CHARACTERS_MAX = 1 << 20

/** Characters of base64: 384 KiB for one file, 12 MiB for the files of all users. */
export const FILE_CHARACTERS_MAX = 512 << 10
export const FILES_CHARACTERS_MAX = 16 << 20
export const FILES_MAX = 10_000

export const DEVICES_MAX = 100_000

/** Racks of a VLAN beyond primary and secondary: each more divides the reserves and lengthens the wait of the last. */
export const FURTHER_RACKS_MAX = 6

/** Machines of one bulk command. */
export const MACHINES_AT_ONCE_MAX = 10_000
/** Of one `op=clone`: each may have hundreds of rows, and all of them are one entry. */
export const CLONE_DESTINATIONS_MAX = 100
/** Images; a resource has 64 files at most. */
export const BOOT_RESOURCES_MAX = 2_000
/** How long files of a replaced image are still served, log time, ms: longer than any boot may take. */
export const BOOT_FILES_RETIRED_MS = 2 * 3_600_000
export const BOOT_FILES_RETIRED_MAX = 128
export const BOOT_UPLOADS_MAX = 100
/** An upload of which no piece came for so long is given up, log time, ms. */
export const BOOT_UPLOAD_IDLE_MS = 24 * 3_600_000
/** A region that imports and says nothing for so long has lost the import, log time, ms. */
export const IMPORT_SILENT_MS = 60_000
/** Files one region tells of. */
export const BOOT_FILE_REPORT_MAX = 20_000

/** User data of a deployment, characters of base64: 384 KiB. */
export const USER_DATA_CHARACTERS_MAX = 512 << 10
export const OWNER_DATA_KEYS_MAX = 1_000

/** Storage of one machine: devices with something on them or made of others, groups, partitions of a device (GPT: 128). */
export const STORAGE_DEVICES_MAX = 2_048
export const STORAGE_GROUPS_MAX = 256
export const STORAGE_PARTITIONS_MAX = 120
export const STORAGE_TAGS_MAX = 64
/** Of one interface. */
export const INTERFACE_PARENTS_MAX = 32
export const INTERFACE_TAGS_MAX = 256
export const INTERFACE_LINKS_MAX = 64
/** Runs of scripts in one set. */
export const SCRIPT_RESULTS_PER_SET_MAX = 1_024
/** Newest sets of a type of which the outputs are kept, whatever the settings say of the results. */
export const SCRIPT_OUTPUT_SETS_MAX = 2
/** UTF-16 units of one output: 64 KiB and the line that says that it was cut; of all outputs of all machines. */
export const SCRIPT_OUTPUT_CHARACTERS_MAX = (64 << 10) + 256
export const SCRIPT_OUTPUTS_CHARACTERS_MAX = 128 << 20
/** PCI and USB devices of one machine. */
export const NODE_DEVICES_MAX = 512
