/** A large group in which every partition moves with each rebalance. */
import type { Fact } from '../../src/domain/evidence/facts.ts';
import { emptyRun, fold, type Run } from '../../src/domain/fold/run.ts';
import { BEGIN } from './evidence.ts';

/** The time between two rebalances, and before the first one. */
export const APART = 20_000;

export interface Size {
  members: number;
  partitions: number;
  rebalances: number;
}

/** The run of a group in which each rebalance moves every partition to the next member. One process reports everything. */
export function shifting({ members, partitions, rebalances }: Size): Run {
  const run = emptyRun();
  let seq = 0;
  const report = (ms: number, facts: Fact[]) => {
    const sentAt = BEGIN + ms + 1;
    fold(run, {
      offset: seq,
      appendedAt: sentAt + 4,
      report: { v: 1, run: 'uid-lag', instance: 'pod/1', seq: ++seq, sentAt, facts },
    });
  };
  const names = Array.from({ length: members }, (_, n) => `lag-consumer-0.${n}`);
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const shares = names.map((_, n) => all.filter((partition) => partition % members === n));
  const ownedBy = (n: number, turn: number) => shares[(n + turn) % members] ?? [];
  report(
    0,
    names.flatMap((client): Fact[] => [
      { type: 'Started', client, at: BEGIN, role: 'Consumer', host: 'node-1.example' },
      { type: 'ClientError', client, at: BEGIN, code: 'X'.repeat(400), message: 'ü'.repeat(3000) },
    ]),
  );
  for (let turn = 1; turn <= rebalances; turn++) {
    const ms = turn * APART;
    const shared = (client: string, at: number) => ({
      client,
      at: BEGIN + at,
      memberId: `${client}-${'0123456789abcdef'.repeat(2)}`,
      protocol: 'Eager' as const,
    });
    const gives = (client: string, n: number): Fact => {
      const lost = ownedBy(n, turn - 1);
      return { type: 'Revoked', ...shared(client, ms), lost, owned: [], cause: 'Revoked' };
    };
    const gets = (client: string, n: number): Fact => {
      const owned = ownedBy(n, turn);
      return { type: 'Assigned', ...shared(client, ms + 100), gained: owned, owned };
    };
    if (turn > 1) report(ms, names.map(gives));
    report(ms + 100, names.map(gets));
  }
  const last = (rebalances + 1) * APART;
  const sample: Fact = {
    type: 'LagSample',
    at: BEGIN + last,
    spreadMs: 5,
    groupState: 'Stable',
    groupMembers: members,
    partitions: all.map((partition) => ({ partition, endOffset: 1e12, committedOffset: 1, beginningOffset: 0 })),
  };
  const alive = (client: string, n: number): Fact => ({
    type: 'Alive',
    client,
    at: BEGIN + last,
    owned: ownedBy(n, rebalances),
  });
  report(last, [...names.map(alive), sample]);
  return run;
}
