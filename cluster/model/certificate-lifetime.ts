// When a member's certificate is renewed: arithmetic over its validity, nothing else. A certificate lives as
// long as the one it replaces, so its lifetime is written nowhere but in itself.

/** Unix time, ms. */
export type Validity = { readonly notBeforeMs: number; readonly expiresMs: number }

/** Clocks of new machines are often behind: certificates begin a day before they are made. */
export const BACKDATED_MS = 86_400_000
/** A year, unless `--certificate-lifetime` says otherwise. */
export const DEFAULT_LIFETIME_MS = 365 * 86_400_000
const LIFETIME_MS_MIN = 10_000
const LIFETIME_MS_MAX = 3_650 * 86_400_000
const CHECK_MS_MIN = 250
const CHECK_MS_MAX = 3_600_000

/** From when it was made to its end, ms; at least `LIFETIME_MS_MIN`, also for one that we did not make. */
export function lifetimeMs({ notBeforeMs, expiresMs }: Validity): number {
  return Math.max(LIFETIME_MS_MIN, expiresMs - notBeforeMs - BACKDATED_MS)
}

/** At two thirds of its lifetime: what is left is for finding out that it fails, and for a person to act. */
export function renewAtMs(validity: Validity): number {
  return validity.expiresMs - Math.floor(lifetimeMs(validity) / 3)
}

export function isExpired({ expiresMs }: Validity, wallMs: number): boolean {
  return wallMs > expiresMs
}

/**
 * Until the next look. Often enough that a renewal which fails is tried some twenty times before the end, and
 * at least once an hour, because the wall clock may be set and a host may sleep.
 */
export function checkDelayMs(validity: Validity): number {
  const often = Math.floor(lifetimeMs(validity) / 60)
  return Math.min(CHECK_MS_MAX, Math.max(CHECK_MS_MIN, often))
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `365d`, `12h`, `90m` or `30s`, within the limits above; else undefined. */
export function parseLifetime(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,6})([smhd])$/.exec(text)
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN)
  return ms >= LIFETIME_MS_MIN && ms <= LIFETIME_MS_MAX ? ms : undefined
}
