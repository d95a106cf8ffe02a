/** Messages of `total` that client `index` (from 0) of `clients` sends: floor(total / clients), and one more for the first total mod clients. */
export function shareOf(total: number, clients: number, index: number): number {
  if (index >= clients) return 0;
  return Math.floor(total / clients) + (index < total % clients ? 1 : 0);
}
