/**
 * Leader election over a Lease (coordination.k8s.io/v1), as client-go's tools/leaderelection does it: the holder
 * renews every `retryMs`; who sees the lease unchanged for its whole duration, by its own clock, takes it; a holder
 * that could not renew for `renewDeadlineMs` stops acting before others may start. Unlike client-go's it then waits
 * for its lease, and acts again if nobody else has come meanwhile.
 */
import type { EpochMs } from '../contract/time.ts';
import { pause } from './clock.ts';
import { type LeaseOptions, ownLease } from './lease.ts';
import type { Clock, Log, Random } from './ports.ts';

export interface LeaderOptions extends Omit<LeaseOptions, 'durationMs' | 'clock' | 'identity'> {
  /** Unique per process. */
  identity: string;
  clock: Clock;
  random: Random;
  log: Log;
  /**
   * Defaults 60 s, 45 s, 5 s: four times those of k8s.io/component-base/config/v1alpha1 (15 s, 10 s, 2 s). A lab of
   * 200 pods may keep the API server of a small machine busy for most of a minute, in which nothing is won by ceasing
   * to act; a standby takes over from a dead leader a minute later.
   */
  leaseDurationMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

export type Tenure = 'Released' | 'Lost';

/**
 * Waits for the lease, then runs `lead`, which has to return soon after `stop` or `lost` aborts: after `stop` it may
 * finish what it has in hand (the lease is renewed meanwhile and then released), after `lost` it must not write any more.
 * `lead` is called again, with a new `lost`, when the lease could be renewed after all and nobody else had it meanwhile.
 * Answers how it ended.
 */
export async function leadWhenElected(
  options: LeaderOptions,
  stop: AbortSignal,
  lead: (lost: AbortSignal) => Promise<void>,
): Promise<Tenure> {
  const { identity, clock, random, log } = options;
  const renewDeadlineMs = options.renewDeadlineMs ?? 45_000;
  const retryMs = options.retryMs ?? 5_000;
  const lease = ownLease({ ...options, durationMs: options.leaseDurationMs ?? 60_000 });

  /** Tries until it has the lease; answers when the write that succeeded was asked for, which is when the lease began. */
  async function obtain(aim: 'Take' | 'Regain'): Promise<EpochMs | 'Lost' | 'Stopped'> {
    let told = false;
    while (!stop.aborted) {
      const asked = clock.now();
      try {
        const answer = await lease.attempt(aim, stop);
        if (answer === 'Lost') return 'Lost';
        if (answer === 'Held') {
          if (stop.aborted) break;
          if (clock.now() - asked < renewDeadlineMs) return asked;
          // The answer took so long that the lease may have run out.
          continue;
        }
        if (!told && aim === 'Take') log.info('waiting for the lease', { holder: lease.holder });
        told = true;
      } catch (error) {
        const what = aim === 'Take' ? 'taken' : 'renewed';
        if (!stop.aborted) log.warn(`the lease could not be ${what}, will try again`, { error: String(error) });
      }
      // client-go's JitterFactor is 1.2: up to 2.2 times the period.
      await pause(clock, retryMs * (aim === 'Take' ? 1 + 1.2 * random() : 1), stop);
    }
    return 'Stopped';
  }

  /** Acts as long as the lease is renewed. Late: that did not succeed in time, which may be nobody's doing. */
  async function spell(since: EpochMs): Promise<'Done' | 'Late' | 'Lost'> {
    const loss = new AbortController();
    const ended = new AbortController();
    const done = lead(loss.signal).finally(() => ended.abort());
    done.catch(() => {}); // thrown to the caller below

    let renewedAt = since;
    let end: 'Late' | 'Lost' | undefined;
    while (!end) {
      await pause(clock, retryMs, ended.signal);
      if (ended.signal.aborted) break;
      const asked = clock.now();
      const deadline = new AbortController();
      const cancel = clock.after(renewedAt + renewDeadlineMs - asked, () => deadline.abort());
      try {
        const answer = await lease.attempt('Renew', deadline.signal);
        if (answer === 'Held') renewedAt = asked;
        if (answer === 'Lost') end = 'Lost';
      } catch (error) {
        log.warn('the lease could not be renewed', { error: String(error) });
      } finally {
        cancel();
      }
      if (!end && clock.now() - renewedAt >= renewDeadlineMs) end = 'Late';
    }
    if (end) loss.abort();
    if (end === 'Lost') tellLost();
    if (end === 'Late')
      log.warn(`acting is interrupted: the lease could not be renewed for ${renewDeadlineMs / 1000} s`);
    await done;
    return end ?? 'Done';
  }

  function tellLost(): void {
    log.error('lease lost: somebody else has it, or may have had it', { lease: options.name, holder: lease.holder });
  }

  async function release(): Promise<void> {
    try {
      if (await lease.release()) log.info('lease released', { lease: options.name });
    } catch (error) {
      log.warn('the lease could not be released; it runs out by itself', { error: String(error) });
    }
  }

  let began = await obtain('Take');
  if (typeof began === 'number') log.info('lease taken', { lease: options.name, identity });
  while (typeof began === 'number') {
    const end = await spell(began).catch(async (error) => {
      await release();
      throw error;
    });
    if (end === 'Lost') return 'Lost';
    if (end === 'Done') break;
    const interruptedAt = clock.now();
    began = await obtain('Regain');
    if (typeof began === 'number')
      log.info(`acts again after ${Math.round((clock.now() - interruptedAt) / 1000)} s: nobody else had the lease`);
  }
  if (began === 'Lost') {
    tellLost();
    return 'Lost';
  }
  await release();
  return 'Released';
}
