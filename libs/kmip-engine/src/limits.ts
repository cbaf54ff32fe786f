/**
 * What one message may ask for. Without these a message of 48 KB can have an answer of hundreds of megabytes, and a
 * dozen connections can keep the database from everybody else. The texts of their failures name the same figures; a
 * spec compares them. docs/adr/0070 lists these limits with those of the listener, the sessions and the database.
 */
export const MESSAGE_LIMITS = {
  batchItems: 1_000,
  /** Rows all Locates of a message may match together. See {@link MessageBudget}. */
  matchedRows: 100_000,
  /** Bytes of an answer; a Maximum Response Size of the client counts beside it. A full Locate has 480 KB. */
  answerBytes: 4_194_304,
} as const;

/** What one Locate may ask for; vCenter asks with two criteria. */
export const LOCATE_LIMITS = {
  /** Identifiers in an answer, also when the client sets no Maximum Items. */
  items: 10_000,
  criteria: 64,
  names: 16,
  dateRanges: 8,
} as const;

/** Names one Create may give: each is looked up. */
export const CREATE_NAMES = 16;
