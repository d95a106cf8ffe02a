/** A second fold over the evidence of a run, read with Kafka's own console consumer: what the status has to say too. */
import type { LoadTest } from '../../src/api/loadtest/loadTest.ts';
import { parseReport } from '../../src/domain/evidence/parse.ts';
import type { RunView } from '../../src/domain/figures/figures.ts';
import { emptyRun, fold } from '../../src/domain/fold/run.ts';
import { view } from '../../src/domain/fold/view.ts';
import { endOffsets, kafkaTool } from './clusterLab.ts';

/** As of now. Throws where there is no evidence. */
export async function secondFold({ metadata, status }: LoadTest): Promise<RunView> {
  const { topic = '', partition = 0, offset = 0 } = status?.evidence ?? {};
  // The lab goes on and so does its evidence: read up to where it ends now.
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
  const run = emptyRun();
  for (const line of text.split('\n')) {
    const found = /^LogAppendTime:(\d+)\tOffset:(\d+)\t(.*)$/.exec(line);
    const report = found && parseReport(found[3] ?? '');
    if (!report || report.run !== metadata.uid) continue;
    fold(run, { offset: Number(found[2]), appendedAt: Number(found[1]), report });
  }
  return view(run, Date.now());
}
