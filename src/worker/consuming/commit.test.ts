import { expect, test } from '@jest/globals';
import type { CommitMode } from '../../domain/workers/spec.ts';
import type { Position } from '../clients/port.ts';
import { createCommits } from './commit.ts';

function commitsWith(mode: CommitMode, commit: (positions: Position[]) => Promise<void> = async () => {}) {
  const calls: string[] = [];
  const troubles: string[] = [];
  const noted = (what: string, positions: Position[]) =>
    calls.push(`${what} ${positions.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}`);
  const client = {
    store: (positions: Position[]) => void noted('store', positions),
    async commit(positions: Position[]) {
      noted('commit', positions);
      await commit(positions);
    },
  };
  const commits = createCommits(mode, client, ({ code, message }) => void troubles.push(`${code} ${message}`));
  return { commits, calls, troubles };
}

test.each<[CommitMode, string[]]>([
  [{ mode: 'Auto' }, ['store 0:1', 'store 1:5', 'store 0:3', 'commit 0:3 1:5']],
  [{ mode: 'Record' }, ['commit 0:1', 'commit 1:5', 'commit 0:3']],
  [{ mode: 'Every', records: 3 }, ['commit 0:3 1:5']],
  [{ mode: 'Poll' }, ['commit 0:3 1:5']],
  [{ mode: 'Never' }, []],
])('%j', async (mode, expected) => {
  const { commits, calls } = commitsWith(mode);
  await commits.processed({ partition: 0, offset: 1 }, 1);
  await commits.processed({ partition: 1, offset: 5 }, 1);
  await commits.processed({ partition: 0, offset: 3 }, 2);
  await commits.pollProcessed();
  await commits.commitLast();
  expect(calls).toEqual(expected);
  expect(commits.pending()).toBe(mode.mode === 'Never');
});

test('the number of records until a commit is due', async () => {
  expect(commitsWith({ mode: 'Record' }).commits.recordsUntilDue()).toBe(1);
  expect(commitsWith({ mode: 'Poll' }).commits.recordsUntilDue()).toBe(Number.POSITIVE_INFINITY);
  const { commits } = commitsWith({ mode: 'Every', records: 10 });
  commits.processed({ partition: 0, offset: 4 }, 4);
  expect(commits.recordsUntilDue()).toBe(6);
  await commits.processed({ partition: 0, offset: 10 }, 6);
  expect(commits.recordsUntilDue()).toBe(10);
});

test('a failed commit is reported and its positions stay pending, until the partition is revoked', async () => {
  const refused = Object.assign(new Error('Broker: Unknown member'), { code: 'UNKNOWN_MEMBER_ID' });
  const { commits, troubles } = commitsWith({ mode: 'Record' }, () => Promise.reject(refused));
  await commits.processed({ partition: 0, offset: 1 }, 1);
  expect(troubles).toEqual(['UNKNOWN_MEMBER_ID commit: Broker: Unknown member']);
  expect(commits.pending()).toBe(true);
  commits.forget(0);
  expect(commits.pending()).toBe(false);
});

test('a position processed during a commit stays pending', async () => {
  let answer = () => {};
  const { commits } = commitsWith({ mode: 'Poll' }, () => new Promise((resolve) => (answer = resolve)));
  commits.processed({ partition: 0, offset: 1 }, 1);
  const committed = commits.pollProcessed();
  commits.processed({ partition: 0, offset: 2 }, 1);
  answer();
  await committed;
  expect(commits.pending()).toBe(true);
});
