/** A scenario describes the evidence of a run: who reported which fact when. Times are in ms since the scenario's begin. */
import type {
  Fact,
  PartitionWork,
  RebalanceProtocol,
  Report,
  ReportAt,
  Started,
} from '../../src/domain/evidence/facts.ts';
import type { Rebalance, RunView } from '../../src/domain/figures/figures.ts';
import { emptyRun, fold, type Run } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';

/** 2026-01-01T00:00:00Z. */
export const BEGIN = 1_767_225_600_000;

interface Reported {
  instance: string;
  at: number;
  fact: Fact;
}

export class Scenario {
  readonly reported: Reported[] = [];

  consumer(
    client: string,
    options: { protocol?: RebalanceProtocol; instance?: string } & Pick<Started, 'static' | 'library'> = {},
  ) {
    const instance = options.instance ?? `${client}/1`;
    const { protocol = 'Eager', instance: _, ...about } = options;
    const memberId = `${client}-member`;
    let owned: number[] = [];
    const tell = (at: number, fact: Fact) => {
      this.tell(instance, at, fact);
      return consumer;
    };
    const consumer = {
      started: (at: number) =>
        tell(at, { type: 'Started', client, at: BEGIN + at, role: 'Consumer', host: 'node-1', ...about }),
      assigned: (at: number, all: number[], reason?: string) => {
        const gained = all.filter((partition) => !owned.includes(partition));
        owned = all;
        const why = reason === undefined ? {} : { reason };
        return tell(at, { type: 'Assigned', client, at: BEGIN + at, memberId, protocol, gained, owned, ...why });
      },
      revoked: (at: number, lost: number[], cause: 'Revoked' | 'Lost' | 'Closed' = 'Revoked', reason?: string) => {
        owned = owned.filter((partition) => !lost.includes(partition));
        const why = reason === undefined ? {} : { reason };
        return tell(at, { type: 'Revoked', client, at: BEGIN + at, memberId, protocol, lost, owned, cause, ...why });
      },
      /** Processes a batch of records of `partition` from `from` to `to`. `waited`: how long the first one was in the log. */
      worked: (partition: number, from: number, to: number, waited = 100_000, more: Partial<PartitionWork> = {}) => {
        const work: PartitionWork = {
          partition,
          ranges: [[Math.floor(from), Math.floor(from) + 1]],
          records: 1,
          bytes: 100,
          firstBeganAt: BEGIN + from,
          firstWaitedMs: waited,
          lastEndedAt: BEGIN + to,
          ...more,
        };
        return tell(to, { type: 'Consumed', client, at: BEGIN + to, partitions: [work] });
      },
      /** Processes records without a pause from `from` to `to`, in batches of 250 ms. */
      busy: (partitions: number[], from: number, to: number) => {
        for (let at = from; at < to; at += 250) {
          for (const partition of partitions) consumer.worked(partition, at, Math.min(to, at + 250));
        }
        return consumer;
      },
      alive: (at: number) => tell(at, { type: 'Alive', client, at: BEGIN + at, owned }),
      /** Reports every 3 s that it is alive. */
      aliveFrom: (from: number, to: number) => {
        for (let at = from; at <= to; at += 3000) consumer.alive(at);
        return consumer;
      },
      failed: (at: number, code: string, message: string) =>
        tell(at, { type: 'ClientError', client, at: BEGIN + at, code, message }),
      stopping: (at: number) => tell(at, { type: 'Stopping', client, at: BEGIN + at, cause: 'Terminated' }),
      stopped: (at: number) => tell(at, { type: 'Stopped', client, at: BEGIN + at }),
      fact: tell,
    };
    return consumer;
  }

  scaled(at: number, what: 'Producers' | 'Consumers' | 'Partitions', from: number, to: number): this {
    return this.tell('operator/1', at, { type: 'Scaled', at: BEGIN + at, what, from, to });
  }

  /** The operator takes a snapshot of the group without its members. */
  looked(at: number, groupState: string | null): this {
    const fact: Fact = { type: 'LagSample', at: BEGIN + at, spreadMs: 1, groupState, groupMembers: 0, partitions: [] };
    return this.tell('operator/1', at, fact);
  }

  /** The operator takes a snapshot of the group with its members and their partitions. Our clients are given by name. */
  described(
    at: number,
    members: Record<string, number[]>,
    state = 'Stable',
    protocol: RebalanceProtocol = 'Eager',
    /** The number of partitions in the snapshot. */
    partitionCount = 0,
  ): this {
    const listed = Object.entries(members).map(([id, partitions]) => ({
      memberId: `${id}-member`,
      clientId: id,
      host: '10.0.0.9',
      partitions,
    }));
    const fact: Fact = {
      type: 'LagSample',
      at: BEGIN + at,
      spreadMs: 1,
      groupState: listed.length === 0 ? 'Empty' : state,
      groupMembers: listed.length,
      protocol,
      members: listed,
      partitions: Array.from({ length: partitionCount }, (_, partition) => ({
        partition,
        endOffset: 0,
        committedOffset: 0,
        beginningOffset: 0,
      })),
    };
    return this.tell('operator/1', at, fact);
  }

  /** The operator takes a snapshot of the log: the end offset of each partition. */
  sampled(at: number, ends: number[]): this {
    const partitions = ends.map((endOffset, partition) => ({
      partition,
      endOffset,
      committedOffset: null,
      beginningOffset: 0,
    }));
    const about = { spreadMs: 1, groupState: 'Stable', groupMembers: 0, partitions };
    return this.tell('operator/1', at, { type: 'LagSample', at: BEGIN + at, ...about });
  }

  tell(instance: string, at: number, fact: Fact): this {
    this.reported.push({ instance, at, fact });
    return this;
  }

  /** One report per fact. It is sent 1 ms after the fact and appended 4 ms later. */
  reports(): ReportAt[] {
    const seqs = new Map<string, number>();
    return this.reported
      .map((one, index) => ({ ...one, index }))
      .sort((a, b) => a.at - b.at || a.index - b.index)
      .map(({ instance, at, fact }, offset) => {
        const seq = (seqs.get(instance) ?? 0) + 1;
        seqs.set(instance, seq);
        const report: Report = { v: 1, run: 'run-1', instance, seq, sentAt: BEGIN + at + 1, facts: [fact] };
        return { offset, appendedAt: BEGIN + at + 5, report };
      });
  }

  run(): Run {
    const run = this.reports().reduce(fold, emptyRun());
    if (run.ignored > 0) throw new Error(`the fold ignored ${run.ignored} facts of the scenario`);
    return run;
  }

  /** The figures at `at`, by default long after the last fact. */
  view(at = 1_000_000): RunView {
    return view(this.run(), BEGIN + at);
  }

  rebalances(at?: number): Rebalance[] {
    return this.view(at).rebalances.list;
  }
}

/** A rebalance in one line: trigger, protocol, members, and who gained, lost and kept which partitions. */
export const told = ({ trigger, protocol, membersBefore, membersAfter, partitionsMoved, members }: Rebalance): string =>
  `${trigger} ${protocol} ${membersBefore}→${membersAfter} moved ${partitionsMoved}: ${members
    .map(({ name, gained, lost, kept }) => {
      const parts = [
        ['+', gained],
        ['-', lost],
        ['=', kept],
      ] as const;
      return `${name}${parts.flatMap(([sign, list]) => (list.length === 0 ? [] : [` ${sign}${list.join(',')}`])).join('')}`;
    })
    .join('; ')}`;
