/** Before each file of tests that need servers or the cluster: it begins when the machine has room. */
import { beforeAll, jest } from '@jest/globals';
import { room } from './room.ts';

/** The net below all that is waited for: every wait within a test has an end of its own. */
jest.setTimeout(45 * 60_000);

beforeAll(() => room(5 * 60_000));
