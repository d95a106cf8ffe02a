/** The evidence of a run, read with Kafka's own console consumer, and a second fold over it to compare with the status. */
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import type { ReportAt } from '../../src/domain/evidence/facts.ts';
import { parseReport } from '../../src/domain/evidence/parse.ts';
import type { RunView } from '../../src/domain/figures/figures.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { endOffsets, kafkaTool } from './clusterLab.ts';

/** The reports of the run up to now. Throws if there is no evidence. */
export async function reportsOf({ metadata, status }: LoadTest): Promise<ReportAt[]> {
  const { topic = '', partition = 0, offset = 0 } = status?.evidence ?? {};
  // The lab continues to report, so the number of records to read is fixed first.
  const count = ((await endOffsets(topic))[partition]?.endOffset ?? 0) - offset;
  if (!(count > 0)) throw new Error(`no evidence in ${topic}-${partition} from offset ${offset}`);
  const text = await kafkaTool(
    'kafka-console-consumer.sh',
    ...[
      '--topic',
      topic,
      '--partition',
      String(partition),
      '--offset',
      String(offset),
      '--max-messages',
      String(count),
    ],
    ...['--formatter-property', 'print.offset=true', '--formatter-property', 'print.timestamp=true'],
  );
  return text.split('\n').flatMap((line) => {
    const found = /^LogAppendTime:(\d+)\tOffset:(\d+)\t(.*)$/.exec(line);
    const report = found && parseReport(found[3] ?? '');
    if (!report || report.run !== metadata.uid) return [];
    return [{ offset: Number(found[2]), appendedAt: Number(found[1]), report }];
  });
}

/** The figures of the run as of now. Throws if there is no evidence. */
export async function secondFold(test: LoadTest): Promise<RunView> {
  return view((await reportsOf(test)).reduce(fold, emptyRun()), Date.now());
}
