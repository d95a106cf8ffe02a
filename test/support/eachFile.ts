/** The setup of test files that need servers or the cluster: each file waits until the machine has free CPU. */
import { beforeAll, jest } from '@jest/globals';
import { room } from './room.ts';

/** The limit of a whole test. Every wait within a test has its own, shorter limit. */
jest.setTimeout(45 * 60_000);

beforeAll(() => room(5 * 60_000));
