import { clockOrigin } from '../../domain/clock/clockOrigin.ts';

const origin = clockOrigin(() => performance.now(), Date.now);

/** Milliseconds since 1970 (UTC), with fractions. It does not jump when the system time is set. */
export const preciseNow = (): number => origin + performance.now();
