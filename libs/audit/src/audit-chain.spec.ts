import fc from 'fast-check';

import { type AuditChainRow, auditHash, canonicalAuditEvent, GENESIS_HASH, verifyAuditChain } from './audit-chain';
import { type AuditEvent } from './audit-event';

const event = (changes: Partial<AuditEvent> = {}): AuditEvent =>
  ({
    instanceId: '11111111-1111-4111-8111-111111111111',
    action: 'vmware-solutions.kmip-key.read',
    occurredAt: new Date('2026-11-24T12:00:00.000Z'),
    initiator: { kind: 'system', component: 'test' },
    outcome: 'success',
    correlationId: '22222222-2222-4222-8222-222222222222',
    observer: 'test',
    ...changes,
  }) as AuditEvent;

function chainOf(length: number): AuditChainRow[] {
  const rows: AuditChainRow[] = [];
  let previousHash = GENESIS_HASH;
  for (let seq = 1; seq <= length; seq += 1) {
    const text = canonicalAuditEvent(event({ latencyMs: seq }));
    const hash = auditHash(previousHash, seq, text);
    rows.push({ instanceId: event().instanceId, seq, event: text, previousHash, hash });
    previousHash = hash;
  }
  return rows;
}

const LENGTH = 40;
const chain = chainOf(LENGTH);
const head = { seq: LENGTH, hash: chain[LENGTH - 1]!.hash };
const place = fc.integer({ min: 0, max: LENGTH - 2 });

/** Recomputes hashes as an attacker who may write rows would. */
const renumbered = (rows: readonly AuditChainRow[]): AuditChainRow[] =>
  rows.map((row, index) => ({ ...row, seq: index + 1 }));

describe('verifyAuditChain', () => {
  it('accepts a chain as it was written, whole or from a place checked before', () => {
    expect(verifyAuditChain(chain, head)).toEqual({ intact: true, head });
    const from = { seq: 10, hash: chain[9]!.hash };
    expect(verifyAuditChain(chain.slice(10), head, from)).toEqual({ intact: true, head });
    expect(verifyAuditChain([])).toEqual({ intact: true, head: { seq: 0, hash: GENESIS_HASH } });
  });

  const attacks: [string, (rows: AuditChainRow[], at: number) => AuditChainRow[]][] = [
    [
      'an edit',
      (rows, at) => rows.with(at, { ...rows[at]!, event: canonicalAuditEvent(event({ outcome: 'failure' })) }),
    ],
    [
      'an edit with its hash made to fit',
      (rows, at) => {
        const text = canonicalAuditEvent(event({ outcome: 'failure' }));
        const { previousHash, seq } = rows[at]!;
        return rows.with(at, { ...rows[at]!, event: text, hash: auditHash(previousHash, seq, text) });
      },
    ],
    ['a deletion', (rows, at) => rows.toSpliced(at, 1)],
    ['a deletion with the rest renumbered', (rows, at) => renumbered(rows.toSpliced(at, 1))],
    ['an insertion', (rows, at) => renumbered(rows.toSpliced(at, 0, rows[at]!))],
    ['a swap', (rows, at) => renumbered(rows.with(at, rows[at + 1]!).with(at + 1, rows[at]!))],
    ['a cut-off end', (rows, at) => rows.slice(0, at + 1)],
    ['a row of another instance', (rows, at) => rows.with(at, { ...rows[at]!, instanceId: 'other' })],
  ];

  it.each(attacks)('finds %s anywhere', (_, attack) => {
    fc.assert(
      fc.property(place, (at) => {
        expect(verifyAuditChain(attack(chain, at), head).intact).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('finds a searchable copy that says something else than the record', () => {
    const { occurredAt, action, outcome, correlationId } = event();
    const copies = { occurredAt, action, outcome, correlationId };
    const [row] = chainOf(1);
    expect(verifyAuditChain([{ ...row!, copies }]).intact).toBe(true);
    for (const change of [{ outcome: 'failure' }, { action: 'x' }, { targetId: 'x' }, { occurredAt: new Date(0) }]) {
      expect(verifyAuditChain([{ ...row!, copies: { ...copies, ...change } }])).toMatchObject({
        intact: false,
        fault: 'copy_mismatch',
      });
    }
  });
});

describe('canonicalAuditEvent', () => {
  it('does not depend on the order of fields and leaves absent ones out', () => {
    const reversed = Object.fromEntries(Object.entries(event()).reverse()) as unknown as AuditEvent;
    expect(canonicalAuditEvent({ ...reversed, reason: undefined } as unknown as AuditEvent)).toBe(
      canonicalAuditEvent(event()),
    );
  });

  it('replaces what JSON in a database cannot hold', () => {
    const text = canonicalAuditEvent(event({ details: { name: 'a\0b\ud800c\u{1F511}' } }));
    expect(text).toContain('a\uFFFDb\uFFFDc\u{1F511}');
  });
});
