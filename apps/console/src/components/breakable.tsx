import { Fragment } from 'react';

/** Something long that is no sentence: an address, a CRN, a fingerprint. A line breaks after a part of it, not within one. */
export function Breakable({ text }: { readonly text: string }) {
  return text.split(/(?<=[:/])/).map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
