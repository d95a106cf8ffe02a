/** The librdkafka properties that say how to reach and authenticate to the brokers: those that every client needs. */
export function connectionProperties(config: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).filter(([name]) =>
      /^(security\.|sasl\.|ssl\.|enable\.ssl\.|enable\.sasl\.|https\.|broker\.address\.|client\.dns\.)/.test(name),
    ),
  );
}
