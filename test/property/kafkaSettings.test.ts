import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Role, SETTINGS, whyRefused, whyWrong } from '../../src/api/settings/kafka.ts';
import { toKafkajsConsumer, toKafkajsProducer } from '../../src/domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../src/domain/settings/librdkafka.ts';

/** The library's own list: property → range ('' where it has none), for the role. */
function libraryProperties(role: Role): Map<string, string> {
  const path = join(
    import.meta.dirname,
    '../../node_modules/@confluentinc/kafka-javascript/deps/librdkafka/CONFIGURATION.md',
  );
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const properties = new Map<string, string>();
  for (const [name, side, range] of rows) {
    // A name listed again further down is the legacy consumer's.
    if (name && ['*', role.slice(0, 1)].includes(side ?? '') && !properties.has(name))
      properties.set(name, range ?? '');
  }
  return properties;
}

const roles: Role[] = ['Producer', 'Consumer'];

const settingOf = (role: Role) =>
  fc.constantFrom(...Object.entries(SETTINGS[role])).chain(([name, { values }]) => {
    if ('oneOf' in values) return fc.constantFrom(...values.oneOf).map((value) => [name, value] as const);
    if ('pattern' in values) return fc.constant([name, 'rack-1'] as const);
    const [min, max] = values.number;
    return fc
      .oneof(fc.constantFrom(min, max), fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) }))
      .map((value) => [name, String(value)] as const);
  });
const configOf = (role: Role) =>
  fc.array(settingOf(role), { maxLength: 8 }).map((entries) => Object.fromEntries(entries));

test.each(roles)('%s settings become properties that the library has, with values that it takes', (role) => {
  const known = libraryProperties(role);
  let taken = 0;
  fc.assert(
    fc.property(configOf(role), (config) => {
      const translated = toLibrdkafka(role, config);
      if ('refused' in translated) return;
      taken++;
      for (const [property, value] of Object.entries(translated.config)) {
        const range = known.get(property);
        expect([property, range]).not.toEqual([property, undefined]);
        const bounds = range?.match(/^(-?\d+) \.\. (\d+)$/);
        if (bounds && /^-?\d+$/.test(value)) {
          expect([property, Number(value) >= Number(bounds[1]) && Number(value) <= Number(bounds[2])]).toEqual([
            property,
            true,
          ]);
        }
        if (range?.includes(', ')) expect(range.split(', ')).toContain(value);
      }
    }),
    { numRuns: 500 },
  );
  expect(taken).toBeGreaterThan(50);
});

test.each(roles)('a %s setting is either honoured or refused with a sentence, whatever its name', (role) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom('constructor', '__proto__', 'toString')),
      fc.string({ maxLength: 20 }),
      (name, value) => {
        const config = Object.fromEntries([[name, value]]);
        const translated = toLibrdkafka(role, config);
        const values = Object.hasOwn(SETTINGS[role], name) ? SETTINGS[role][name]?.values : undefined;
        const fine =
          values !== undefined && whyRefused(role, name) === undefined && whyWrong(values, value) === undefined;
        if (!fine) expect('refused' in translated && translated.refused.every((it) => it.startsWith(name))).toBe(true);
      },
    ),
  );
});

const TO_KAFKAJS = { Producer: toKafkajsProducer, Consumer: toKafkajsConsumer };

test.each(roles)('a %s setting that kafkajs takes makes a difference to its options, and no other is taken', (role) => {
  let taken = 0;
  fc.assert(
    fc.property(settingOf(role), settingOf(role), configOf(role), ([name, value], [, other], rest) => {
      const { [name]: _, ...without } = rest;
      const first = TO_KAFKAJS[role]({ ...without, [name]: value });
      const second = TO_KAFKAJS[role]({ ...without, [name]: other });
      if ('refused' in first) {
        expect(first.refused.every((sentence) => sentence.length > 20)).toBe(true);
        return;
      }
      // group.protocol: classic and round robin are all that it has; two names of one thing make no difference.
      const alike = value === other || ['group.protocol', 'partition.assignment.strategy'].includes(name);
      const synonyms = name === 'acks' && [value, other].every((it) => it === 'all' || it === '-1');
      // A default of the pair may give way to the same.
      const pair = name === 'retry.backoff.max.ms';
      if ('refused' in second || alike || synonyms || pair) return;
      taken++;
      expect(second).not.toEqual(first);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(20);
});
