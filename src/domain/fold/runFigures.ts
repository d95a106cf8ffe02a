/** What kinds see of a run: its figures as of one moment, as plain data that later reports do not change. */
import type { EpochMs } from '../../contract/time.ts';
import {
  type LagChange,
  type LagRecord,
  type LowRow,
  lagChange,
  lagView,
  lowRow,
  withSample,
} from '../delivery/lag.ts';
import { acknowledgedUntil } from '../delivery/producers.ts';
import type { LagSample, Scaled } from '../evidence/facts.ts';
import type { Rebalance, RunView } from '../figures/figures.ts';
import { type Run, view } from './run.ts';

export interface RunFigures extends RunView {
  /** Every lag total that is kept, for questions about a stretch of time. */
  readonly lagRecord: Readonly<LagRecord>;
  /** The operator's newest sample of the lag; undefined before the first. */
  readonly lagSample: LagSample | undefined;
  /** The newest sample that lists the group's members; undefined before the first. */
  readonly membersSample: LagSample | undefined;
  /** What the operator last reported that it scaled each to; absent before it did. */
  readonly scaledTo: Readonly<Partial<Record<Scaled['what'], number>>>;
  /** When a broker acknowledged the newest record, by the broker's clock; undefined before the first. */
  readonly lastAcknowledgedAt: EpochMs | undefined;
}

/** The figures as of `now`, by the operator's clock. Does not change the run. */
export const figuresOf = (run: Run, now: EpochMs): RunFigures => ({
  ...view(run, now),
  lagRecord: { ...run.lag, points: [...run.lag.points], latest: [...run.lag.latest] },
  lagSample: run.lagSample,
  membersSample: run.membersSample,
  scaledTo: Object.fromEntries([...run.scaled].map(([what, { to }]) => [what, to])),
  lastAcknowledgedAt: acknowledgedUntil(run.producers),
});

/** The figures with a lag sample that is being reported in this round and has not been read back. */
export const withLook = (figures: RunFigures, look: LagSample | undefined): RunFigures =>
  look === undefined ? figures : { ...figures, lag: lagView(withSample(figures.lagRecord, look)) };

/** Rebalances that began from `from` up to (not at) `to`, of those that are kept. */
export const rebalancesBetween = ({ rebalances }: RunFigures, from: EpochMs, to: EpochMs): Rebalance[] =>
  rebalances.list.filter(({ at }) => at >= from && at < to);

/** What lag did from `from` to `to`; `below`: a total under this number of records counts as drained. undefined without a sample. */
export const lagBetween = (
  { lagRecord }: RunFigures,
  from: EpochMs,
  to: EpochMs,
  below?: number,
): LagChange | undefined => lagChange(lagRecord, from, to, below);

/** Since when lag has been under `below` in the samples from `from` to `to`, and at which it had been for `forMs`; see `lowRow`. */
export const lowBetween = (
  { lagRecord }: RunFigures,
  from: EpochMs,
  to: EpochMs,
  below: number,
  forMs: number,
): LowRow | undefined => lowRow(lagRecord, from, to, below, forMs);
