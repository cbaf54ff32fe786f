import { ResultReason } from '@lib/kmip-protocol';

import { type FailureEntry } from './failure-entry';

/** Each names the limit that was reached and what to do. The figures are those of `limits.ts`. */
export const limits = {
  answer_limit: {
    reason: ResultReason.ResponseTooLarge,
    text: 'The answers to the items of this message are larger than this server sends in one message. Ask with Maximum Items, or in several messages. This item was not carried out, or changed nothing.',
  },
  answer_memory: {
    reason: ResultReason.GeneralFailure,
    text: 'Too many large answers for this KMIP instance are under way at the same time. Read them, ask for less at the same time, and try again. This item was not carried out, or changed nothing.',
  },
  database_share: {
    reason: ResultReason.GeneralFailure,
    text: 'This KMIP instance has more requests under way than its share of the catalog serves in time. Send fewer at the same time, and try again. Nothing was changed.',
  },
  instance_busy: {
    reason: ResultReason.GeneralFailure,
    text: 'This KMIP instance has more requests under way than are carried out at the same time, and its turn did not come in time. Nothing was done; try again.',
  },
  operation_timeout: {
    reason: ResultReason.GeneralFailure,
    text: 'The KMIP server did not complete the operation in time. Whether it was carried out is not known. It can be repeated: a Create makes another key then, everything else has the same result.',
  },
  message_work: {
    reason: ResultReason.GeneralFailure,
    text: 'The Locates of this message have matched more keys than this server looks through in one message (100,000). Send the rest in another message.',
  },
  locate_criteria: {
    reason: ResultReason.InvalidField,
    text: 'The Locate has more criteria than this server accepts (64).',
  },
  locate_names: {
    reason: ResultReason.InvalidField,
    text: 'The Locate asks for more Names than this server accepts (16).',
  },
  locate_date_ranges: {
    reason: ResultReason.InvalidField,
    text: 'The Locate asks for ranges of more dates than this server accepts (8).',
  },
  create_names: {
    reason: ResultReason.InvalidField,
    text: 'The Create gives the key more Names than this server accepts (16).',
  },
} as const satisfies Record<string, FailureEntry>;
