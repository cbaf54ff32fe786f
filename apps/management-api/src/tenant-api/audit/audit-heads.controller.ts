import { Controller, Get, Inject } from '@nestjs/common';

import {
  auditKeyId,
  auditKeyJwk,
  type AuditKey,
  type HeadSigner,
  type KeptHead,
  type KeptHeads,
  readSignedHead,
  type SignedAuditHead,
} from '@lib/audit';

import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { invalidToken, pageAnswer, pageRequest } from '../paging';
import { PUBLIC_URL } from '../../http/tokens';
import { AUDIT_HEADS } from '../tokens';

/** Heads of audit trails, and the keys that sign them. */
export interface SignedHeads {
  readonly signer: Pick<HeadSigner, 'sign'>;
  readonly heads: KeptHeads;
  readonly keys: () => Promise<readonly AuditKey[]>;
}

/** Where the trail of an instance ends, signed by a key that is not in the database. */
@Controller('v1/instances/:instance_id')
export class AuditHeadsController {
  constructor(
    @Inject(AUDIT_HEADS) private readonly signed: SignedHeads,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('audit_head')
  @Operation('get_instance_audit_head', 'audit.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const state = await this.signed.signer.sign(instanceId);
    return {
      status: 200,
      body: {
        ...unsignedResponse(instanceId, state.state),
        ...(state.state === 'contradicted' && { contradiction: state.contradiction }),
        ...(state.state !== 'unsigned' && state.head && headResponse(state.head)),
      },
    };
  }

  @Get('audit_heads')
  @Operation('list_instance_audit_heads', 'audit.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { limit, after } = pageRequest(call, 2);
    const { instanceId } = call.instance();
    const kept = await this.signed.heads.list(instanceId, after && cursorFrom(after), limit + 1);
    const keys = await this.signed.keys();
    return pageAnswer(call, this.publicUrl, 'audit_heads', kept, {
      cursorOf: ({ signedAt, seq }) => [String(signedAt.getTime()), String(seq)],
      present: (row) => keptResponse(row, instanceId, keys),
    });
  }

  @Get('audit_key_set')
  @Operation('get_instance_audit_key_set', 'audit.read')
  async keySet(): Promise<OperationAnswer> {
    return { status: 200, body: { keys: (await this.signed.keys()).map(keyResponse) } };
  }
}

const unsignedResponse = (instanceId: string, state: string): object => ({
  instance_id: instanceId,
  state,
  contradiction: 'none',
  supersedes: [],
});

function headResponse(head: SignedAuditHead): object {
  return {
    seq: head.seq,
    hash: head.hash,
    first_seq: head.firstSeq,
    record_count: head.recordCount,
    preceded_by: head.precededBy,
    supersedes: head.supersedes.map(({ seq, hash, signedAt }) => ({ seq, hash, signed_at: signedAt.toISOString() })),
    key_id: head.keyId,
    signed_at: head.signedAt.toISOString(),
    jws: head.jws,
  };
}

/** Rows are in the database; whether one is a head is said by its signature alone. */
function keptResponse({ seq, hash, signedAt, jws }: KeptHead, instanceId: string, keys: readonly AuditKey[]): object {
  const head = readSignedHead(jws, keys);
  if (head?.instanceId === instanceId) return { ...unsignedResponse(instanceId, 'signed'), ...headResponse(head) };
  return { ...unsignedResponse(instanceId, 'unverified'), seq, hash, signed_at: signedAt.toISOString(), jws };
}

function keyResponse(key: AuditKey): object {
  return {
    ...auditKeyJwk(key),
    kid: auditKeyId(key),
    use: 'sig',
    alg: 'EdDSA',
    not_before: key.from.toISOString(),
    not_after: key.until?.toISOString(),
  };
}

function cursorFrom([signedAt = '', seq = '']: readonly string[]): Pick<KeptHead, 'seq' | 'signedAt'> {
  if (!/^\d{1,15}$/.test(signedAt) || !/^\d{1,15}$/.test(seq)) throw invalidToken();
  return { signedAt: new Date(Number(signedAt)), seq: Number(seq) };
}
