/** `make demo`: applies lab 01, shows it live, and prints what it found. */
import { kubeconfig, kubectl, program } from '../tools/kubectl.ts';
import { applied, cleared, labOf, NAMESPACE, say, watched } from '../tools/lab/labRun.ts';
import { result, type Trial } from '../tools/lab/labTables.ts';

const NAME = 'lag';
/** The lab takes about five minutes; on a busy machine more. */
const GIVE_UP_MS = 20 * 60_000;

const lab = labOf('01');
await cleared(lab);
await applied(lab);
const [{ test, scale }] = (await watched('lab 01', lab.turns, GIVE_UP_MS)) as [Trial];
say('');
say(result(test, scale));
say('');
say(await kubectl(['get', 'lt,csc', '-n', NAMESPACE]));
say('The lab goes on running. To look at it:');
say(`  export KUBECONFIG=${kubeconfig}   # kubectl is ${program}`);
say(`  kubectl get lt,csc                     kubectl describe csc ${NAME}`);
say(`  kubectl get lt ${NAME} -o yaml            kubectl logs ${NAME}-consumer-0`);
say('To remove the lab: kubectl delete csc,lt lag. To remove everything: make down.');
if (scale?.status?.phase !== 'Completed') {
  process.stderr.write(`the schedule ended as ${scale?.status?.phase}: ${scale?.status?.conditions[0]?.message}\n`);
  process.exitCode = 1;
}
