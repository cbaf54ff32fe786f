import { TenancyError } from './tenancy.error';

const MAXIMUM_LENGTH = 128;
/** Control characters, line and paragraph separators, and what reverses the direction of text on a screen. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u;

/** A display name as people may choose it, without spaces around it. @throws TenancyError('invalid_name') */
export function checkedName(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > MAXIMUM_LENGTH || UNPRINTABLE.test(name)) {
    throw new TenancyError('invalid_name', `a name has 1 to ${MAXIMUM_LENGTH} printable characters`);
  }
  return name;
}
