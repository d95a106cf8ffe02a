/**
 * `make lab LAB=04`: applies a lab, shows its progress and prints its result. By default it is the graded lab of this number, if
 * there is one. `--plain`: without grades. `--check`: only checks that the lab exists.
 */
import { kubeconfig, kubectl, program } from '../tools/kubectl.ts';
import {
  applyLab,
  gradedLabOf,
  type Lab,
  labOf,
  NAMESPACE,
  print,
  removeEarlier,
  setSuspend,
  trialsOf,
  watchLab,
  watchTrials,
} from '../tools/lab/labRun.ts';
import { labResult, result, sideBySide, type Trial, warnings } from '../tools/lab/labTables.ts';

/** The time limit of a trial. The longest one takes about ten minutes, and more on a busy machine. */
const GIVE_UP_MS = 30 * 60_000;
/** The time limit of a graded lab. The longest one, lab 08, has eight trials. */
const GIVE_UP_GRADED_MS = 90 * 60_000;

const [number = '', ...flags] = process.argv.slice(2);

/** Runs the LoadTests together, or one after another if they are suspended. */
async function runTrials({ trials: names, oneByOne, number }: Lab): Promise<Trial[]> {
  if (!oneByOne) return watchTrials(`lab ${number}`, names, GIVE_UP_MS);
  const trials: Trial[] = [];
  for (const [index, one] of names.entries()) {
    print('');
    print(`${index + 1} of ${names.length}: ${one.test}`);
    await setSuspend(one.test, false);
    trials.push(...(await watchTrials(one.test, [one], GIVE_UP_MS)));
    await setSuspend(one.test, true);
  }
  return trials;
}

function resultOf({ oneByOne }: Lab, trials: readonly Trial[]): string {
  if (oneByOne) {
    return `Protocols side by side (a pause lasts from one record to the next; stop-the-world: every partition with waiting records pauses)\n${sideBySide(trials)}`;
  }
  return trials
    .map(({ test, scale }) => {
      const heading = trials.length > 1 ? [`== ${test.metadata.name}: ${test.status?.phase}`] : [];
      return [...heading, result(test, scale), ...warnings(test)].join('\n');
    })
    .join('\n\n');
}

function printHints({ file }: Lab, what: string): void {
  print('To see more:');
  print(`  export KUBECONFIG=${kubeconfig}   # kubectl is ${program}`);
  print(`  kubectl describe ${what}     kubectl get ${what} -o yaml     head -40 ${file}`);
  print(`To remove the lab: kubectl delete -f ${file}. To remove everything: make down.`);
}

/** Runs a lab without grades. */
async function runPlain(lab: Lab): Promise<void> {
  await removeEarlier(lab);
  await applyLab(lab);
  const trials = await runTrials(lab);
  print('');
  print(resultOf(lab, trials));
  print('');
  print(await kubectl(['get', 'lt,csc', '-n', NAMESPACE, '-l', `kafkalab.dev/lab=${lab.number}`]));
  printHints(lab, `lt ${trials[0]?.test.metadata.name}`);
  const failed = trials
    .flatMap(({ test, scale }) => [test, scale ?? test])
    .filter((it) => it.status?.phase === 'Failed');
  for (const { kind, metadata, status } of new Set(failed)) {
    const why = status?.conditions.find(({ type }) => type === 'Ready')?.message;
    process.stderr.write(`${kind} ${metadata.name} has failed: ${why}\n`);
    process.exitCode = 1;
  }
}

/** Runs a graded lab. */
async function runGraded(lab: Lab & { graded: string }): Promise<void> {
  await removeEarlier(lab);
  await applyLab(lab);
  const over = await watchLab(lab.graded, GIVE_UP_GRADED_MS);
  const trials = await trialsOf(lab.trials);
  if (trials.length > 0) {
    print('');
    print(resultOf(lab, trials));
  }
  print('');
  print(await kubectl(['get', 'lt,csc', '-n', NAMESPACE, '-l', `kafkalab.dev/lab=${lab.graded}`]));
  printHints(lab, `lab ${lab.graded}`);
  print('');
  print(labResult(over));
  if (over.status?.phase !== 'Passed') process.exitCode = 1;
}

try {
  const graded = flags.includes('--plain') ? undefined : gradedLabOf(number);
  const lab = graded ?? labOf(number);
  if (!flags.includes('--check')) await (graded === undefined ? runPlain(lab) : runGraded(graded));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
