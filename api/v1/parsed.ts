// Bodies of /api/v1 by their schema: what is wrong is told field by field.
import type { z } from 'zod'
import { Rejection } from '../errors.ts'

/** Throws VALIDATION. */
export function parsed<T>(shape: z.ZodType<T>, body: unknown): T {
  const result = shape.safeParse(body)
  if (result.success) return result.data
  const fields: Record<string, string[]> = {}
  for (const { path, message } of result.error.issues) {
    const messages = (fields[path.map(String).join('.') || '__all__'] ??= [])
    messages.push(message)
  }
  throw new Rejection('VALIDATION', 'The request has invalid values.', { fields })
}
