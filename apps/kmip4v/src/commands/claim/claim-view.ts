import { type Answer, listed, shown, together } from '../../output/answer';
import { type Columns } from '../../output/table';
import { bad, time } from '../../output/views';
import { type CertificateClaim } from '../../tenant/resources';

export const CLAIM_COLUMNS: Columns<CertificateClaim> = [
  ['id', ({ id }) => id, 'whole'],
  ['kind', ({ kind }) => kind],
  ['value', ({ value }) => value],
  ['refused', ({ refused_connections: refused }) => refused],
  ['message', ({ message }) => message],
  ['created', ({ created_at: at }) => time(at)],
];

const REFUSAL_COLUMNS: Columns<CertificateClaim['refusals'][number]> = [
  ['verdict', ({ verdict }) => bad(verdict)],
  ['times', ({ occurrences }) => occurrences],
  ['last', ({ last_at: at }) => time(at)],
  ['message', ({ message }) => message],
  ['remedy', ({ remedy }) => remedy],
];

/** One claim, and why what it fits was refused. */
export const claimAnswer = (claim: CertificateClaim): Answer =>
  together(claim, [
    ['', shown(claim, CLAIM_COLUMNS)],
    ['Refused connections:', listed(claim.refusals, REFUSAL_COLUMNS, 'None.')],
  ]);
