import { type InstanceId, newCorrelationId, toFingerprint, toInstanceId } from '@lib/kernel';

import { auditHash, type AuditChainRow, canonicalAuditEvent } from './audit-chain';
import { type AuditEvent } from './audit-event';
import { toCadf, verifyExport } from './cadf';

const instanceId: InstanceId = toInstanceId('11111111-1111-4111-8111-111111111111');

const event = (wish: Partial<AuditEvent> = {}): AuditEvent => ({
  instanceId,
  action: 'vmware-solutions.kmip-key.read',
  occurredAt: new Date('2026-11-23T10:00:00.123Z'),
  initiator: { kind: 'certificate', fingerprint: toFingerprint('ab'.repeat(32)), name: 'vc', address: '192.0.2.1' },
  outcome: 'success',
  target: { kind: 'key', id: 'k1' },
  correlationId: newCorrelationId(),
  observer: 'kmip-1',
  ...wish,
});

function chain(...events: AuditEvent[]): AuditChainRow[] {
  let previousHash: Buffer = Buffer.alloc(32);
  return events.map((each, index) => {
    const text = canonicalAuditEvent(each);
    const row = {
      instanceId,
      seq: index + 1,
      event: text,
      previousHash,
      hash: auditHash(previousHash, index + 1, text),
    };
    previousHash = row.hash;
    return row;
  });
}

const first = (wish?: Partial<AuditEvent>): ReturnType<typeof toCadf> => toCadf(chain(event(wish))[0]!);

describe('toCadf', () => {
  it('names a client as the original service did', () => {
    expect(first()).toMatchObject({
      action: 'vmware-solutions.kmip-key.read',
      eventTime: '2026-11-23T10:00:00.123+0000',
      outcome: 'success',
      severity: 'normal',
      dataEvent: true,
      initiator: {
        id: `CertificateID-${'ab'.repeat(32)}`,
        name: 'vc',
        typeURI: 'service/security/client/certificateid',
        credential: { type: 'certificate' },
        host: { address: '192.0.2.1', addressType: 'IPv4' },
      },
      target: { id: 'k1', typeURI: 'vmware-solutions/key' },
    });
  });

  it.each<[Partial<AuditEvent>, string, boolean]>([
    [{ action: 'vmware-solutions.kmip-key.destroy' }, 'critical', true],
    [{ action: 'vmware-solutions.certificate.delete', outcome: 'failure' }, 'critical', false],
    [{ action: 'vmware-solutions.certificate.create' }, 'warning', false],
    [{ outcome: 'failure', reason: 'key_suspended' }, 'warning', true],
    [{ action: 'vmware-solutions.kmip-key.locate' }, 'normal', true],
  ])('%p is %s', (wish, severity, dataEvent) => {
    expect(first(wish)).toMatchObject({ severity, dataEvent });
  });

  it.each<[AuditEvent['initiator'], string]>([
    [{ kind: 'user', iamId: 'IBMid-1' }, 'service/security/account/user'],
    [{ kind: 'user', iamId: 'iam-ServiceId-1', address: '::1' }, 'service/security/account/serviceid'],
    [{ kind: 'system', component: 'reconciler' }, 'service/compute'],
  ])('%p is a %s', (initiator, typeURI) => {
    expect(first({ initiator })).toMatchObject({ initiator: { typeURI } });
  });
});

describe('verifyExport', () => {
  const rows = chain(event(), event({ outcome: 'failure', reason: 'key_suspended' }), event(), event());
  const lines = rows.map((row) => JSON.stringify(toCadf(row)));

  it('accepts an export, whole or from some event on', () => {
    expect(verifyExport(lines)).toMatchObject({ intact: true, firstSeq: 1, head: { seq: 4 } });
    expect(verifyExport(lines.slice(2))).toMatchObject({ intact: true, firstSeq: 3, head: { seq: 4 } });
    expect(verifyExport(lines.slice(2), rows[3])).toMatchObject({ intact: true });
    expect(verifyExport([...lines, ''])).toMatchObject({ intact: true });
  });

  it.each<[string, string[], object]>([
    ['a line is missing', [lines[0]!, lines[2]!, lines[3]!], { seq: 3, fault: 'out_of_sequence' }],
    ['lines are swapped', [lines[0]!, lines[2]!, lines[1]!], { seq: 3, fault: 'out_of_sequence' }],
    ['a line is damaged', [lines[0]!, lines[1]!.slice(0, -9), lines[2]!], { seq: 2, fault: 'unreadable_line' }],
    ['a line is something else', [lines[0]!, 'null'], { seq: 2, fault: 'unreadable_line' }],
    ['a line lacks its chain', ['{"action":"x"}'], { seq: 1, fault: 'unreadable_line' }],
    ['what is shown was changed', [lines[0]!.replace('192.0.2.1', '192.0.2.9')], { seq: 1 }],
    [
      'the outcome was changed',
      [lines[0]!, lines[1]!.replace('"outcome":"failure"', '"outcome":"success"')],
      { seq: 2, fault: 'copy_mismatch' },
    ],
  ])('notices when %s', (_name, given, verdict) => {
    expect(verifyExport(given)).toMatchObject({ intact: false, ...verdict });
  });

  it('notices a cut-off end against a head kept elsewhere', () => {
    expect(verifyExport(lines.slice(0, 3), rows[3])).toMatchObject({ intact: false, fault: 'head_mismatch' });
  });
});
