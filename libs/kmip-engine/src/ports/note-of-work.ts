/** What a Create or a move leaves in the catalog before it begins, so that the reconciler finds what it left behind. */
export interface NoteOfWork {
  readonly startedAt: Date;
  /** When a look found nothing left of it, and no look found something since. One look alone closes no note. */
  readonly clearSince?: Date;
}
