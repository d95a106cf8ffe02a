/**
 * `make lab LAB=04`: applies a lab, shows it live, and prints what it found: the graded lab of this number where there is one.
 * `--plain`: LoadTests and schedules without grades. `--check`: only whether there is such a lab.
 */
import { kubeconfig, kubectl, program } from '../tools/kubectl.ts';
import {
  applied,
  cleared,
  gradedLabOf,
  type Lab,
  labOf,
  NAMESPACE,
  say,
  suspended,
  trialsOf,
  watched,
  watchedLab,
} from '../tools/lab/labRun.ts';
import { labResult, result, sideBySide, type Trial, warnings } from '../tools/lab/labTables.ts';

/** Of one turn: the longest lab takes about ten minutes, on a busy machine more. */
const GIVE_UP_MS = 30 * 60_000;
/** Of a graded lab: the longest, lab 08, has eight turns. */
const GIVE_UP_GRADED_MS = 90 * 60_000;

const [number = '', ...flags] = process.argv.slice(2);

/** Its LoadTests together, or one after the other where they are suspended. */
async function carriedOut({ turns, oneByOne, number }: Lab): Promise<Trial[]> {
  if (!oneByOne) return watched(`lab ${number}`, turns, GIVE_UP_MS);
  const trials: Trial[] = [];
  for (const [index, turn] of turns.entries()) {
    say('');
    say(`${index + 1} of ${turns.length}: ${turn.test}`);
    await suspended(turn.test, false);
    trials.push(...(await watched(turn.test, [turn], GIVE_UP_MS)));
    await suspended(turn.test, true);
  }
  return trials;
}

function found({ oneByOne }: Lab, trials: readonly Trial[]): string {
  if (oneByOne) {
    return `Protocols side by side (pauses from record to record; stood still: every partition with records waiting at once)\n${sideBySide(trials)}`;
  }
  return trials
    .map(({ test, scale }) => {
      const heading = trials.length > 1 ? [`== ${test.metadata.name}: ${test.status?.phase}`] : [];
      return [...heading, result(test, scale), ...warnings(test)].join('\n');
    })
    .join('\n\n');
}

function whereToLook({ file }: Lab, what: string): void {
  say('To look at it:');
  say(`  export KUBECONFIG=${kubeconfig}   # kubectl is ${program}`);
  say(`  kubectl describe ${what}     kubectl get ${what} -o yaml     head -40 ${file}`);
  say(`To remove the lab: kubectl delete -f ${file}. To remove everything: make down.`);
}

/** LoadTests and schedules that run by themselves. */
async function run(lab: Lab): Promise<void> {
  await cleared(lab);
  await applied(lab);
  const trials = await carriedOut(lab);
  say('');
  say(found(lab, trials));
  say('');
  say(await kubectl(['get', 'lt,csc', '-n', NAMESPACE, '-l', `kafkalab.dev/lab=${lab.number}`]));
  whereToLook(lab, `lt ${trials[0]?.test.metadata.name}`);
  const failed = trials
    .flatMap(({ test, scale }) => [test, scale ?? test])
    .filter((it) => it.status?.phase === 'Failed');
  for (const { kind, metadata, status } of new Set(failed)) {
    const why = status?.conditions.find(({ type }) => type === 'Ready')?.message;
    process.stderr.write(`${kind} ${metadata.name} ended as Failed: ${why}\n`);
    process.exitCode = 1;
  }
}

/** A Lab that takes itself through its steps. */
async function runGraded(lab: Lab & { graded: string }): Promise<void> {
  await cleared(lab);
  await applied(lab);
  const over = await watchedLab(lab.graded, GIVE_UP_GRADED_MS);
  const trials = await trialsOf(lab.turns);
  if (trials.length > 0) {
    say('');
    say(found(lab, trials));
  }
  say('');
  say(await kubectl(['get', 'lt,csc', '-n', NAMESPACE, '-l', `kafkalab.dev/lab=${lab.graded}`]));
  whereToLook(lab, `lab ${lab.graded}`);
  say('');
  say(labResult(over));
  if (over.status?.phase !== 'Passed') process.exitCode = 1;
}

try {
  const graded = flags.includes('--plain') ? undefined : gradedLabOf(number);
  const lab = graded ?? labOf(number);
  if (!flags.includes('--check')) await (graded === undefined ? run(lab) : runGraded(graded));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
