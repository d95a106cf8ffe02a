/** A round's Kafka and workers, whose answers it waits for without holding a slot of the queue. */
import type { Outside } from './act.ts';
import type { WithoutSlot } from './workQueue.ts';

export function withoutSlots<T extends Pick<Outside, 'kafka' | 'workers'>>(round: T, withoutSlot: WithoutSlot): T {
  const { kafka, workers } = round;
  return {
    ...round,
    kafka: {
      view: (need) => withoutSlot(() => kafka.view(need)),
      act: (action) => withoutSlot(() => kafka.act(action)),
    },
    workers: { setStop: (order, signal) => withoutSlot(() => workers.setStop(order, signal)) },
  };
}
