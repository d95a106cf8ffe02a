/** Evidence that two records of a key were processed in another order than they were written in. */

export interface RecordPlace {
  partition: number;
  offset: number;
}

/** Two records of a key: `earlier` was written `byMs` before `later`, but processed after it. */
export interface OutOfOrder {
  byMs: number;
  earlier: RecordPlace;
  later: RecordPlace;
}
