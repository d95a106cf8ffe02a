/** The partition of a key as in Kafka's Java client: the 32-bit MurmurHash2 of its bytes, modulo the number of partitions. */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** The hash as a signed 32-bit number, equal to `org.apache.kafka.common.utils.Utils.murmur2`. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const byte = (index: number): number => bytes[index] ?? 0;
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < tail; at += 4) {
    // Little endian.
    let block = byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24);
    block = Math.imul(block, M);
    block ^= block >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(block, M);
  }
  if (tail < length) {
    // Bytes past the end are 0 and do not change the hash.
    hash ^= byte(tail) | (byte(tail + 1) << 8) | (byte(tail + 2) << 16);
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The partition of a record with this key (possibly empty) in a topic with `partitions` partitions. */
export const partitionForKey = (key: Uint8Array, partitions: number): number =>
  (murmur2(key) & 0x7fffffff) % partitions;
