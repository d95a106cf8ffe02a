/** A worker process's reporting: its evidence reporter, and the reports that earlier processes of the pod left behind. */
import type { WorkerSpec } from '../domain/workers/spec.ts';
import type { Journal } from './evidence/journal.ts';
import { createEvidenceReporter, EVIDENCE_PROPERTIES, type EvidenceReporter } from './evidence/reporter.ts';
import { createTroubleFilter } from './evidence/troubleFilter.ts';
import type { Library } from './library.ts';
import type { Log } from './process/log.ts';
import { type EpochMs, within } from './process/time.ts';

export interface ReportingOptions {
  spec: WorkerSpec;
  podName: string;
  /** Unique per process start: `<pod name>/<8 hex digits>`. */
  instance: string;
  library: Library;
  journal: Journal;
  now(): EpochMs;
  log: Log;
}

export function createReporter(options: ReportingOptions): EvidenceReporter {
  const { spec, podName, instance, library, journal, now, log } = options;
  const filterTrouble = createTroubleFilter('evidence');
  return createEvidenceReporter({
    run: spec.run,
    instance,
    journal,
    now,
    trouble(trouble) {
      const news = filterTrouble(trouble, now());
      if (news !== undefined) log.warn(`evidence: ${news.code}: ${news.message}`);
    },
    makeClient: (events) =>
      library.evidence(
        {
          topic: spec.evidence.topic,
          partition: spec.evidence.partition,
          name: `${podName}-evidence`,
          config: { ...library.connectionProperties(spec.config), ...EVIDENCE_PROPERTIES },
        },
        events,
      ),
  });
}

/**
 * Sends the reports that the journal holds from an earlier process, and removes the journal. Resolves with false if some
 * are not acknowledged within `timeoutMs`.
 */
export async function reportLeftBehind(options: ReportingOptions, timeoutMs: number): Promise<boolean> {
  const { journal } = options;
  if (journal.leftBehind.length === 0) return true;
  const reporter = createReporter(options);
  const send = async () => {
    await reporter.connect();
    return reporter.close(timeoutMs);
  };
  if ((await within(timeoutMs, send())) !== true) return false;
  journal.remove();
  return true;
}
