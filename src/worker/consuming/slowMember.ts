/** The time that client `index` (from 0) of the run spends on each poll besides its records, in ms. Only the first client is slow. */
export const perPollMsOf = (slowMember: { perPollMs: number } | undefined, index: number): number =>
  index === 0 ? (slowMember?.perPollMs ?? 0) : 0;
