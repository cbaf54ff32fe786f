import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { TenancyError, type TenancyFault } from '@lib/tenancy';

import { API_ERRORS } from './api-error';
import { DOMAIN_ERRORS } from './domain-errors';
import { FRAMEWORK_ERRORS, translateError } from './error-translation';

interface Row {
  readonly code: string;
  readonly statuses: readonly number[];
  /** Codes of the libs that are answered like this. */
  readonly causes: readonly string[];
  readonly help: string;
}

/** Rows of the section on the tenant API in docs/errors.md. */
function documented(): readonly Row[] {
  const page = readFileSync(join(__dirname, '../../../../docs/errors.md'), 'utf8');
  const section = page.split(/^## /m).find((part) => part.startsWith('Tenant API\n')) ?? '';
  return section.split('\n').flatMap((line) => {
    const [code, statuses, help = '', causes = ''] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (code?.startsWith('`') !== true || statuses === undefined) return [];
    return [
      {
        code: code.replaceAll('`', ''),
        statuses: statuses.split(', ').map(Number),
        causes: [...causes.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name),
        help,
      },
    ];
  });
}

describe('errors of the tenant API', () => {
  it('are those of docs/errors.md, with their statuses, in the same order', () => {
    const wanted = Object.entries(API_ERRORS).map(([code, statuses]) => ({ code, statuses: [...statuses] }));
    expect(documented().map(({ code, statuses }) => ({ code, statuses }))).toEqual(wanted);
  });

  it('stand for the errors of the libs that docs/errors.md names, no more and no less', () => {
    const causesOf = (wanted: string): string[] =>
      Object.entries(DOMAIN_ERRORS).flatMap(([cause, { code }]) => (code === wanted ? [cause] : []));
    for (const { code, causes } of documented()) {
      expect({ code, causes: [...causes].sort() }).toEqual({ code, causes: causesOf(code).sort() });
    }
  });

  it('come with their statuses wherever they are made from others', () => {
    const made = [...Object.entries(DOMAIN_ERRORS), ...Object.entries(FRAMEWORK_ERRORS)];
    const wrong = made.filter(([, { status, code }]) => !(API_ERRORS[code] as readonly number[]).includes(status));
    expect(wrong).toEqual([]);
  });

  it('all say what helps', () => {
    expect(documented().filter(({ help }) => !/[.!]$/.test(help))).toEqual([]);
  });

  it.each<[TenancyFault, string | undefined]>([
    ['certificate_name_taken', 'certificate_name_taken'],
    ['invalid_claim', 'invalid_claim'],
    // Whether it is there and not one's own, or not there at all, is not told.
    ['instance_not_found', undefined],
    ['claim_not_found', undefined],
  ])('name the cause where that tells nothing of anybody else: %s', (fault, reason) => {
    expect(translateError(new TenancyError(fault, 'No.'))?.faults[0]?.reason).toBe(reason);
  });
});
