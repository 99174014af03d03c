// Bodies of /api/v1 as schemas: the same ones check what is sent and are shown in the OpenAPI document.
import { z } from 'zod'

export const SETTING = z.strictObject({ value: z.string() })

export const IMAGE = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}\/[\w.-]{1,64}$/),
  architecture: z.string().regex(/^[\w.-]{1,32}\/[\w.-]{1,32}$/),
  title: z.string().max(255),
  files: z
    .array(
      z.strictObject({
        kind: z.enum(['boot-kernel', 'boot-initrd', 'squashfs', 'bootloader']),
        filename: z.string().regex(/^[\w][\w.-]{0,127}$/),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        size_bytes: z.int().min(0),
      }),
    )
    .min(1)
    .max(64),
})
