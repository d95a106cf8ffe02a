/** Parses the debug lines of librdkafka 2.15 (`debug=cgrp`) that say what its API does not. */

/** The new member id in `Group "g": updating member id "(not-set)" -> "name-uuid"`. */
export function memberIdIn(line: string): string | undefined {
  const id = /updating member id ".*" -> "(.*)"$/.exec(line)?.[1];
  return id === undefined || id === '(not-set)' || id === '' ? undefined : id;
}

/**
 * The reason at the end of an eager rebalance's line, `Group "g" is rebalancing (EAGER) in state up (join-state steady)
 * with 3 assigned partition(s): rebalance in progress`, or of a cooperative one's, `Group "g": Rejoining group with 3 owned
 * partition(s): Group is rebalancing`.
 */
export function rebalanceReasonIn(line: string): string | undefined {
  return /(?:(?:initiating rebalance|is rebalancing) \(.*?assigned|Rejoining group with \d+ owned) partition\(s\)[^:]*: (.+)$/s.exec(
    line,
  )?.[1];
}
