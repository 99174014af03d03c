// Bodies of /api/v1 as schemas: the same ones check what is sent and are shown in the OpenAPI document.
import { z } from 'zod'
import { BOOT_FILE_KINDS } from '#model/boot.ts'
import { DHCP_OPTION_TYPES } from '#model/dhcp-option.ts'

export const SETTING = z.strictObject({ value: z.string() })

export const IMAGE = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}\/[\w.-]{1,64}$/),
  architecture: z.string().regex(/^[\w.-]{1,32}\/[\w.-]{1,32}$/),
  title: z.string().max(255),
  files: z
    .array(
      z.strictObject({
        kind: z.enum(BOOT_FILE_KINDS),
        filename: z.string().regex(/^[\w][\w.-]{0,127}$/),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        size_bytes: z.int().min(0),
      }),
    )
    .min(1)
    .max(64),
})

/** `type` may be left out where the option has one of its own. */
export const DHCP_OPTION = z.strictObject({
  type: z.enum(DHCP_OPTION_TYPES).optional(),
  value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).max(64)]),
  force: z.boolean().optional(),
})

export const TRANSFER = z.strictObject({ to: z.string().max(64).nullable().optional() })

export const JOIN_TOKEN = z.strictObject({
  kind: z.enum(['region', 'rack']),
  lifetime_seconds: z
    .int()
    .min(1)
    .max(30 * 24 * 3_600),
})

const TOKEN_NAME = z.string().min(1).max(128)
const YEAR_SECONDS = 366 * 24 * 3_600

export const ACCESS_TOKEN = z.strictObject({
  name: TOKEN_NAME,
  scope: z.enum(['read', 'write', 'admin']),
  lifetime_seconds: z.int().min(1).max(YEAR_SECONDS).nullable().optional(),
})
export const ACCESS_TOKEN_PATCH = z.strictObject({ name: TOKEN_NAME.optional() })

const PASSWORD = z.string().min(8).max(1_024)

export const USER_PATCH = z.strictObject({
  username: z.string().min(1).max(150).optional(),
  email: z
    .string()
    .max(254)
    .regex(/^([^\s@]+@[^\s@]+)?$/)
    .optional(),
  is_superuser: z.boolean().optional(),
  password: PASSWORD.optional(),
})
export const PASSWORD_CHANGE = z.strictObject({
  current_password: z.string().max(1_024),
  new_password: PASSWORD,
})
