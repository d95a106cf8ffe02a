/** Of a client's properties those that say how to reach the brokers, not how to produce or consume. */
export function connectionProperties(config: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).filter(([name]) =>
      /^(security\.|sasl\.|ssl\.|enable\.ssl\.|enable\.sasl\.|https\.|broker\.address\.|client\.dns\.)/.test(name),
    ),
  );
}
