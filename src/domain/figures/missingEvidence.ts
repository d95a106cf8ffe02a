/** Evidence of a run that could not be read, so that its figures lack it. */
export interface MissingEvidence {
  /** Offsets that were deleted before they were read, from `from` up to but not including `to`. */
  readonly deleted?: { readonly from: number; readonly to: number };
  /** The topic was deleted and created again. */
  readonly recreated?: true;
}
