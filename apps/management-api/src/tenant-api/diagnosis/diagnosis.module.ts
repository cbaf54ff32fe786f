import { randomUUID } from 'node:crypto';

import { Module } from '@nestjs/common';

import { CertificateClaimService } from '@lib/diagnosis';
import { type Clock } from '@lib/kernel';
import { PostgresConnectionAttempts, PostgresUnitOfWork } from '@lib/persistence';
import { CLOCK, onDatabase } from '@lib/platform';

import { CertificateClaimsController } from './certificate-claims.controller';
import { ConnectionAttemptsController } from './connection-attempts.controller';

/** What strangers present, and whose it is claimed to be. */
@Module({
  controllers: [ConnectionAttemptsController, CertificateClaimsController],
  providers: [
    onDatabase(PostgresConnectionAttempts),
    {
      provide: CertificateClaimService,
      inject: [PostgresUnitOfWork, CLOCK],
      useFactory: (unitOfWork: PostgresUnitOfWork, clock: Clock) =>
        new CertificateClaimService(unitOfWork, clock, randomUUID),
    },
  ],
})
export class DiagnosisModule {}
