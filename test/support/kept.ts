import type { Clock, EvidenceReader, Kafka, Log, Metrics, Workers } from '../../src/runtime/ports.ts';

/** A log that keeps its lines for assertions. */
export function keptLog(): Log & { lines: { level: string; message: string; fields?: Record<string, unknown> }[] } {
  const lines: { level: string; message: string; fields?: Record<string, unknown> }[] = [];
  const at = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    void lines.push({ level, message, ...(fields ? { fields } : {}) });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export const noMetrics: Metrics = { reconciled: () => {} };

/** For kinds that do not use Kafka. */
export const noKafka: Kafka = {
  view: async () => ({ unavailable: 'there is no Kafka in this test' }),
  act: async () => {
    throw new Error('there is no Kafka in this test');
  },
};

export const noWorkers: Workers = {
  setStop: async () => {
    throw new Error('there are no workers in this test');
  },
};

export const noEvidence: EvidenceReader = {
  open: () => ({ unavailable: 'there is no evidence in this test' }),
  onChange: () => {},
  close: () => {},
};

/** A clock that the test advances. */
export function manualClock(
  start = 1_800_000_000_000,
): Clock & { advance(ms: number): Promise<void>; pending: number } {
  let now = start;
  const timers = new Set<{ at: number; call: () => void }>();
  return {
    now: () => now,
    after(ms, call) {
      const timer = { at: now + ms, call };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    get pending() {
      return timers.size;
    },
    /** Fires the timers that become due, in order, and lets their followers run after each one. */
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        now = Math.max(now, due.at);
        timers.delete(due);
        due.call();
        await settle();
      }
      now = end;
    },
  };
}

/** Lets all pending promise callbacks run. */
export const settle = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
