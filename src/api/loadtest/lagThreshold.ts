/** spec.lagThreshold of a LoadTest: a number of records, or that number and a time. */
import { z } from 'zod';
import { celIsDuration, count, duration, field, type Rule, sentences } from '../schema/schema.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const above = z.strictObject({ records: count(1, MOST), for: duration('Time.').exactOptional() });

export const lagThreshold = field(
  z.union([count(1, MOST), above]).meta({ 'x-kubernetes-preserve-unknown-fields': true }),
  sentences(
    'Lag, in records, above which the condition LagHigh is True and a Warning event is written: a number such as 100,',
    'or {records: 100, for: 1m}, which waits until lag has been above it for that long, e.g. longer than between two commits.',
    'Default: none. Default of for: 0s.',
  ),
);

const isNumber = (path: string): string => `type(${path}) == int && ${path} >= 1 && ${path} <= ${MOST}`;
const IS_OBJECT = `type(self.lagThreshold) == map && self.lagThreshold.all(name, name in ['records', 'for']) && 'records' in self.lagThreshold && ${isNumber('self.lagThreshold.records')}`;
const HAS_TIME = "type(self.lagThreshold) != map || !('for' in self.lagThreshold)";
const TIME = `type(self.lagThreshold['for']) == string && self.lagThreshold['for'].size() <= 32 && ${celIsDuration("self.lagThreshold['for']")} && duration(self.lagThreshold['for']).getSeconds() <= 604800`;

interface Parts {
  lagThreshold?: unknown;
  consumers?: unknown;
}

/** zod checks the shape itself. */
export const lagThresholdRules: Rule<Parts>[] = [
  {
    cel: '!has(self.lagThreshold) || has(self.consumers)',
    message: 'lagThreshold needs consumers; write consumers: {group: my-group}, or omit lagThreshold',
    holds: (it) => it.lagThreshold === undefined || it.consumers !== undefined,
    untyped: true,
  },
  {
    cel: `!has(self.lagThreshold) || ${isNumber('self.lagThreshold')} || (${IS_OBJECT})`,
    message: `lagThreshold is not a number of records; write a whole number from 1, e.g. 100, or {records: 100, for: 1m}`,
    untyped: true,
  },
  {
    cel: `!has(self.lagThreshold) || ${HAS_TIME} || (${TIME})`,
    message: 'lagThreshold.for is not a duration of at most a week; write a number with its unit, e.g. 30s, 1m, 1h30m',
    untyped: true,
  },
];
