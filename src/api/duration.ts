const NUMBER = '[0-9]+(\\.[0-9]+)?';
const MS = `${NUMBER}ms`;
const SECONDS = `${NUMBER}s(${MS})?`;
const MINUTES = `${NUMBER}m(${SECONDS}|${MS})?`;
const HOURS = `${NUMBER}h(${MINUTES}|${SECONDS}|${MS})?`;

/**
 * A length of time as people write it, for schemas (RE2): `500ms`, `60s`, `5m`, `1h30m`, `1.5s`.
 * Units h, m, s, ms, from the largest to the smallest, each at most once.
 */
export const DURATION_PATTERN = `^(${HOURS}|${MINUTES}|${SECONDS}|${MS})$`;
