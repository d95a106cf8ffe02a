import { clockOrigin } from '../../domain/clock/clockOrigin.ts';

const origin = clockOrigin(() => performance.now(), Date.now);

/** Milliseconds since 1970, with fractions; it does not jump when the system's time is set. */
export const preciseNow = (): number => origin + performance.now();
