/**
 * Kafka's topic ids (KIP-516). Kafka's tools and Strimzi print them in base64url, the client library in hexadecimal with
 * hyphens. The operator writes them as Kafka's tools do.
 */

/** From the client library's form. */
export const topicIdOf = (uuid: string): string => Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');

/** In the client library's form. */
export const uuidOf = (topicId: string): string =>
  Buffer.from(topicId, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
