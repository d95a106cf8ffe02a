/** The figures of a run for the kinds: plain data as of one moment. Later reports do not change it. */
import type { EpochMs } from '../../contract/time.ts';
import {
  type LagChange,
  type LagRecord,
  type LowStretch,
  lagChange,
  lagView,
  lowStretch,
  withSample,
} from '../delivery/lag.ts';
import { ifWhole, type ProducedEnds, producedEnds } from '../delivery/producedEnds.ts';
import { type Acknowledged, acknowledgedBy } from '../delivery/producers.ts';
import type { LagSample, Scaled } from '../evidence/facts.ts';
import type { Rebalance, RunView } from '../figures/figures.ts';
import type { MissingEvidence } from '../figures/missingEvidence.ts';
import type { Run } from './run.ts';
import { view } from './view.ts';

export interface RunFigures extends RunView {
  /** Total lag over time, for `lagBetween` and `lowBetween`. */
  readonly lagRecord: Readonly<LagRecord>;
  /** The operator's newest lag sample; undefined before the first. */
  readonly lagSample: LagSample | undefined;
  /** The newest sample that lists the group's members; undefined before the first. */
  readonly membersSample: LagSample | undefined;
  /** Number in the operator's last Scaled fact per resource; absent before the first. */
  readonly scaledTo: Readonly<Partial<Record<Scaled['what'], number>>>;
  readonly acknowledged: Acknowledged;
  /** The ends of the log with all acknowledged records; undefined before a sample has shown them. */
  readonly producedEnds: ProducedEnds | undefined;
  /** Evidence that these figures lack; undefined: none is known to be missing. */
  readonly missing: MissingEvidence | undefined;
  /** Offset up to which the partition of the run has been read. */
  readonly readTo: number;
}

/** The figures as of `now`, by the operator's clock. `readTo`: see RunFigures. */
export const figuresOf = (run: Run, now: EpochMs, readTo = Number.MAX_SAFE_INTEGER): RunFigures => ({
  ...view(run, now),
  lagRecord: { ...run.lag, points: [...run.lag.points], latest: [...run.lag.latest] },
  lagSample: run.lagSample,
  membersSample: run.membersSample,
  scaledTo: Object.fromEntries([...run.scaled].map(([what, { to }]) => [what, to])),
  acknowledged: acknowledgedBy(run.producers),
  producedEnds: ifWhole(run.producedEnds, acknowledgedBy(run.producers)),
  missing: run.missing,
  readTo,
});

/** The figures including a sample that is reported in this round and has not been read back yet. */
export function withLagSample(figures: RunFigures, sample: LagSample | undefined): RunFigures {
  if (sample === undefined) return figures;
  const lagRecord = withSample(figures.lagRecord, sample);
  return {
    ...figures,
    lagRecord,
    lag: lagView(lagRecord),
    producedEnds: producedEnds(figures.producedEnds, sample, figures.acknowledged),
  };
}

/** The kept rebalances that began in [from, to). */
export const rebalancesBetween = ({ rebalances }: RunFigures, from: EpochMs, to: EpochMs): Rebalance[] =>
  rebalances.list.filter(({ at }) => at >= from && at < to);

/** The change of lag from `from` to `to`. A total below `below` records counts as drained. undefined without a sample. */
export const lagBetween = (
  { lagRecord }: RunFigures,
  from: EpochMs,
  to: EpochMs,
  below?: number,
): LagChange | undefined => lagChange(lagRecord, from, to, below);

/** The stretch of samples from `from` to `to` with a lag below `below` records; see `lowStretch`. */
export const lowBetween = (
  { lagRecord }: RunFigures,
  from: EpochMs,
  to: EpochMs,
  below: number,
  forMs: number,
): LowStretch | undefined => lowStretch(lagRecord, from, to, below, forMs);
