import { auditQueryOf } from './audit-search';

it('asks the audit trail for what the address says, and for nothing that is none', () => {
  expect(
    auditQueryOf(
      new URLSearchParams(
        'action=vmware-solutions.kmip-key.read&outcome=failure&target=k1&from=2026-11-01&to=2026-11-30',
      ),
    ),
  ).toEqual({
    limit: 50,
    action: 'vmware-solutions.kmip-key.read',
    outcome: 'failure',
    'target.id': 'k1',
    occurred_at: 'gte:2026-11-01,lt:2026-12-01',
  });
  expect(auditQueryOf(new URLSearchParams('outcome=perhaps&from=x&action='))).toEqual({ limit: 50 });
});
