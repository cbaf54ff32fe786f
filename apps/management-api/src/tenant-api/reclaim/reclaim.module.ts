import { Module } from '@nestjs/common';

import { PostgresConnectionAttempts, PostgresReclaimStores } from '@lib/persistence';
import { onDatabase } from '@lib/platform';

import { KeysModule } from '../keys/keys.module';
import { InventoriedClients } from './inventoried-clients';
import { InventoryController } from './inventory.controller';
import { QuarantineController } from './quarantine.controller';
import { Reclaiming } from './reclaiming';

/** Keys that nobody needs any more, and how to be sure of that. */
@Module({
  imports: [KeysModule],
  controllers: [InventoryController, QuarantineController],
  providers: [
    onDatabase(PostgresReclaimStores),
    onDatabase(PostgresConnectionAttempts),
    InventoriedClients,
    Reclaiming,
  ],
})
export class ReclaimModule {}
