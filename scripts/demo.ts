/** `make demo`: applies lab 01, shows its progress and prints its result. */
import { kubeconfig, kubectl, program } from '../tools/kubectl.ts';
import { applyLab, labOf, NAMESPACE, print, removeEarlier, watchTrials } from '../tools/lab/labRun.ts';
import { result, type Trial } from '../tools/lab/labTables.ts';

const NAME = 'lag';
/** The time limit. The lab takes about five minutes, and more on a busy machine. */
const GIVE_UP_MS = 20 * 60_000;

const lab = labOf('01');
await removeEarlier(lab);
await applyLab(lab);
const [{ test, scale }] = (await watchTrials('lab 01', lab.trials, GIVE_UP_MS)) as [Trial];
print('');
print(result(test, scale));
print('');
print(await kubectl(['get', 'lt,csc', '-n', NAMESPACE]));
print('The lab keeps running. To see more:');
print(`  export KUBECONFIG=${kubeconfig}   # kubectl is ${program}`);
print(`  kubectl get lt,csc                     kubectl describe csc ${NAME}`);
print(`  kubectl get lt ${NAME} -o yaml            kubectl logs ${NAME}-consumer-0`);
print('To remove the lab: kubectl delete csc,lt lag. To remove everything: make down.');
if (scale?.status?.phase !== 'Completed') {
  process.stderr.write(
    `the schedule ended in phase ${scale?.status?.phase}: ${scale?.status?.conditions[0]?.message}\n`,
  );
  process.exitCode = 1;
}
