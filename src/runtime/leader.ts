/**
 * Leader election over a Lease (coordination.k8s.io/v1), following client-go's tools/leaderelection. The holder renews the
 * lease every `retryMs`. A candidate takes the lease when its own clock has seen it unchanged for its whole duration. A
 * holder that fails to renew for `renewDeadlineMs` stops acting before another candidate may start. Unlike client-go, it
 * then tries to regain its lease and continues if nobody else has led since.
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
   * The defaults are 60 s, 45 s and 5 s, about four times those of k8s.io/component-base/config/v1alpha1 (15 s, 10 s, 2 s).
   * A lab of 200 pods can keep the API server of a small machine busy for most of a minute, and an interruption would not
   * help then. The price: a standby takes over from a dead leader after one minute.
   */
  leaseDurationMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

export type Tenure = 'Released' | 'Lost';

/**
 * Waits for the lease, then runs `lead`, which has to return soon after `stop` or `lost` is aborted. After `stop` it may
 * finish its running work: the lease is renewed until then and released afterwards. After `lost` it must not write.
 * `lead` is called again with a new `lost` when the lease is regained and nobody else has held it. Returns how it ended.
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

  /** Tries until it holds the lease. Returns when the successful write was sent: the lease began then. */
  async function obtain(aim: 'Take' | 'Regain'): Promise<EpochMs | 'Lost' | 'Stopped'> {
    let logged = false;
    while (!stop.aborted) {
      const asked = clock.now();
      try {
        const answer = await lease.attempt(aim, stop);
        if (answer === 'Lost') return 'Lost';
        if (answer === 'Held') {
          if (stop.aborted) break;
          if (clock.now() - asked < renewDeadlineMs) return asked;
          // The answer took longer than the renew deadline: the lease may have expired.
          continue;
        }
        if (!logged && aim === 'Take') log.info('waiting for the lease', { holder: lease.holder });
        logged = true;
      } catch (error) {
        const what = aim === 'Take' ? 'take' : 'regain';
        if (!stop.aborted) log.warn(`failed to ${what} the lease, retrying`, { error: String(error) });
      }
      // As with client-go's JitterFactor of 1.2, the pause is at most 2.2 times the period.
      await pause(clock, retryMs * (aim === 'Take' ? 1 + 1.2 * random() : 1), stop);
    }
    return 'Stopped';
  }

  /** Leads for one term, as long as the lease is renewed. Late: no renewal succeeded before the deadline. */
  async function term(since: EpochMs): Promise<'Done' | 'Late' | 'Lost'> {
    const loss = new AbortController();
    const ended = new AbortController();
    const done = lead(loss.signal).finally(() => ended.abort());
    done.catch(() => {}); // `await done` below throws it to the caller

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
        log.warn('failed to renew the lease', { error: String(error) });
      } finally {
        cancel();
      }
      if (!end && clock.now() - renewedAt >= renewDeadlineMs) end = 'Late';
    }
    if (end) loss.abort();
    if (end === 'Lost') logLoss();
    if (end === 'Late') log.warn(`interrupted: the lease has not been renewed for ${renewDeadlineMs / 1000} s`);
    await done;
    return end ?? 'Done';
  }

  function logLoss(): void {
    const fields = { lease: options.name, holder: lease.holder };
    log.error('lease lost: another process holds it or may have held it', fields);
  }

  async function release(): Promise<void> {
    try {
      if (await lease.release()) log.info('lease released', { lease: options.name });
    } catch (error) {
      log.warn('failed to release the lease; it expires by itself', { error: String(error) });
    }
  }

  let began = await obtain('Take');
  if (typeof began === 'number') log.info('lease taken', { lease: options.name, identity });
  while (typeof began === 'number') {
    const end = await term(began).catch(async (error) => {
      await release();
      throw error;
    });
    if (end === 'Lost') return 'Lost';
    if (end === 'Done') break;
    const interruptedAt = clock.now();
    began = await obtain('Regain');
    if (typeof began === 'number')
      log.info(`continuing after ${Math.round((clock.now() - interruptedAt) / 1000)} s: nobody else held the lease`);
  }
  if (began === 'Lost') {
    logLoss();
    return 'Lost';
  }
  await release();
  return 'Released';
}
