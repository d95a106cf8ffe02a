/** `make bench`: benchmarks at full size on the cluster, one JSON line each. `node test/bench/run.ts [part …]` runs only these. */
import { accuracy } from './accuracy.ts';
import { endurance } from './endurance.ts';
import { evidence } from './evidence.ts';
import { freshness } from './freshness.ts';
import { idle } from './idle.ts';
import { packed, singles } from './startup.ts';

const parts: Record<string, () => Promise<Record<string, unknown>>> = {
  singles,
  packed,
  freshness,
  idle,
  accuracy,
  endurance,
  evidence,
};
const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(parts)) {
  const part = parts[name];
  if (part === undefined) throw new Error(`no part ${name}: choose from ${Object.keys(parts).join(', ')}`);
  process.stderr.write(`> ${name}\n`);
  process.stdout.write(`${JSON.stringify({ bench: name, ...(await part()) })}\n`);
}
