import { TenantApiError } from '@lib/tenant-api-client';

import { EXIT } from './exit-codes';
import { toldOf } from './faults';

describe('a refusal of the service', () => {
  it('leads to a plan where a second person has to confirm, and not to a name that would change nothing', () => {
    const fault = { code: 'second_person_required', message: 'Shred plans alone.', more_info: 'https://docs' } as const;
    const { exit, code, remedy } = toldOf(new TenantApiError(409, [fault], 'trace', undefined));
    expect({ exit, code }).toEqual({ exit: EXIT.refused, code: 'second_person_required' });
    expect(remedy).toMatch(/kmip4v shred plan.*kmip4v shred confirm/);
    expect(remedy).not.toContain('--confirm');
  });
});
