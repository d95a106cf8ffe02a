/** Two records of a key that were processed in another order than they were written in. */

export interface RecordPlace {
  partition: number;
  offset: number;
}

/** Two records of a key: `earlier` was written so much before `later`, and processed after it. */
export interface OutOfOrder {
  byMs: number;
  earlier: RecordPlace;
  later: RecordPlace;
}
