import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Role, SETTINGS, whyRefused, whyWrong } from '../../src/api/settings/kafka.ts';
import { toKafkajsConsumer, toKafkajsProducer } from '../../src/domain/settings/kafkajs.ts';
import { toLibrdkafka } from '../../src/domain/settings/librdkafka.ts';

/** The library's own list of properties for the role, with their ranges ('' for none). */
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
    // A second entry of a name belongs to the legacy consumer.
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

test.each(roles)('%s settings become properties and values that the library accepts', (role) => {
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

test.each(roles)('a %s setting of any name is honoured or refused with a sentence', (role) => {
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

test.each(roles)('kafkajs accepts a %s setting exactly if the setting changes its options', (role) => {
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
      // kafkajs has only the classic protocol and round robin. Two names of the same value change nothing.
      const alike = value === other || ['group.protocol', 'partition.assignment.strategy'].includes(name);
      const synonyms = name === 'acks' && [value, other].every((it) => it === 'all' || it === '-1');
      // A value may equal the default.
      const pair = name === 'retry.backoff.max.ms';
      if ('refused' in second || alike || synonyms || pair) return;
      taken++;
      expect(second).not.toEqual(first);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(20);
});
