/** Which partition a key belongs to, as Kafka's Java client finds it: the 32-bit MurmurHash2 of its bytes, modulo the partitions. */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The hash as a signed 32-bit number, as `org.apache.kafka.common.utils.Utils.murmur2` gives it. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const byte = (index: number): number => bytes[index] ?? 0;
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < tail; at += 4) {
    // Four bytes, the lowest first.
    let block = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    block = Math.imul(block, M);
    block ^= block >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(block, M);
  }
  if (tail < length) {
    // Bytes past the end count as 0, which changes nothing.
    hash ^= byte(tail) | (byte(tail + 1) << 8) | (byte(tail + 2) << 16);
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The partition of a record with that key, which may be empty, in a topic of `partitions` partitions. */
export const partitionForKey = (key: Uint8Array, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions;
