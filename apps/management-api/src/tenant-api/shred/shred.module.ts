import { Module } from '@nestjs/common';

import { auditKeyId, signContent, signingKeyAt } from '@lib/audit';
import { type Clock, newUniqueIdentifier } from '@lib/kernel';
import { KeyAdministration, Shredding } from '@lib/kmip-engine';
import { PostgresShredPlans } from '@lib/persistence';
import { CLOCK, onDatabase } from '@lib/platform';

import { type SignedHeads } from '../audit/audit-heads.controller';
import { KeysModule } from '../keys/keys.module';
import { AUDIT_HEADS } from '../tokens';
import { ShredAccesses } from './shred-accesses';
import { ShredPlansController } from './shred-plans.controller';

/** As scripts/verify-audit.mjs knows it. */
const RECORD_TYPE = 'kmip-shred-record+jws';

const shredding = {
  provide: Shredding,
  inject: [KeyAdministration, AUDIT_HEADS, CLOCK],
  useFactory: (administration: KeyAdministration, { keys }: SignedHeads, clock: Clock) =>
    new Shredding({
      administration,
      clock,
      newId: newUniqueIdentifier,
      sign: async (content) => {
        const key = signingKeyAt(await keys(), clock.now());
        if (key === undefined) return { content };
        return { content, jws: signContent(RECORD_TYPE, content, key), keyId: auditKeyId(key) };
      },
    }),
};

/** Plans of what is to be shredded, and what was shown when it was. */
@Module({
  imports: [KeysModule],
  controllers: [ShredPlansController],
  providers: [onDatabase(PostgresShredPlans), ShredAccesses, shredding],
  exports: [ShredAccesses],
})
export class ShredModule {}
