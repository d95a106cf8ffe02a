import { expect, test } from '@jest/globals';
import { rightsIn } from '../../domain/strimzi/lookup.ts';
import { STRIMZI_RULES } from './objects.ts';

test('the sentence about missing rights names exactly the rights that the installation grants', () => {
  const sentence = rightsIn('kafka');
  for (const { resources, verbs } of STRIMZI_RULES) {
    const text = `${verbs.slice(0, -1).join(', ')} and ${verbs.at(-1)} ${resources.join(' and ')}`;
    expect(sentence).toContain(text);
  }
});
