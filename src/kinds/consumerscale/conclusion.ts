/** The end of a schedule: it reads the last figures, restores the consumers if asked, and then reports the outcome. */
import type { ConsumerScale } from '../../api/consumerscale/consumerScale.ts';
import type { ConsumerScaleStatus } from '../../api/consumerscale/status.ts';
import type { Action } from '../../contract/actions.ts';
import type { Notice, Observed, Plan } from '../../contract/kind.ts';
import { progressing } from '../../contract/summary.ts';
import type { RunFigures } from '../../domain/fold/runFigures.ts';
import { counted } from '../../domain/status/counted.ts';
import { reports } from './externalTarget.ts';
import { notRestored, restoration } from './restore.ts';
import { statusPlan } from './status.ts';
import { outcome } from './summary.ts';
import { type Target, targetRef } from './target.ts';

interface Ending {
  parts: Partial<ConsumerScaleStatus>;
  events: Notice[];
  lingers: boolean;
  allRead: boolean;
}

/** `lingers`: the figures may still change. `allRead`: they include all evidence up to the end. */
export function conclude(
  seen: Observed<ConsumerScale, RunFigures>,
  target: Target | undefined,
  { parts, events, lingers, allRead }: Ending,
  lookAgainInMs: number,
): Plan<ConsumerScaleStatus> {
  const { resource } = seen;
  const { spec, status: before } = resource;
  const restores = restoration(seen, target);
  const replicas = restores !== undefined && 'replicas' in restores ? restores.replicas : undefined;
  const kept = restores !== undefined && 'kept' in restores ? restores : undefined;
  if (lingers || replicas !== undefined) {
    const message = replicas === undefined ? 'reading the last figures' : `restoring ${counted(replicas, 'consumer')}`;
    const summary = progressing('Running' as const, 'Running', message);
    const scale: Action[] = replicas === undefined ? [] : [{ type: 'Scale', target: targetRef(resource), replicas }];
    const facts = target !== undefined && target.loadTest === undefined ? reports(seen, target, {}) : [];
    return { ...statusPlan(seen, parts, summary, events, lookAgainInMs), actions: [...scale, ...facts] };
  }
  const isRestored = spec.afterwards === 'Restore' && target?.uid === before?.targetUid && restores === undefined;
  const restored = isRestored ? { restored: true } : kept?.forGood ? { restored: false } : {};
  return statusPlan(
    seen,
    { ...parts, ...restored },
    outcome(parts.steps ?? before?.steps ?? [], allRead),
    kept === undefined ? events : [...events, notRestored(kept.kept)],
  );
}
