/** How many of `total` messages client `index` (0, 1, 2, …) of `clients` sends: floor(total/clients), one more for the first total mod clients. */
export function shareOf(total: number, clients: number, index: number): number {
  if (index >= clients) return 0;
  return Math.floor(total / clients) + (index < total % clients ? 1 : 0);
}

/** What client `index` spends on each poll besides its records, in ms: the slow member is the first one. */
export const slownessOf = (slowMember: { perPollMs: number } | undefined, index: number): number =>
  index === 0 ? (slowMember?.perPollMs ?? 0) : 0;
