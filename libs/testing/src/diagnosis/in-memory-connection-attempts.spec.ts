import { InMemoryRegion } from '../region/in-memory-region';
import { InMemoryUnitOfWork } from '../tenancy/in-memory-unit-of-work';
import { describeDiagnosisContract } from './diagnosis.contract';
import { InMemoryConnectionAttempts } from './in-memory-connection-attempts';

describeDiagnosisContract('InMemoryConnectionAttempts', () => {
  const region = new InMemoryRegion();
  return { unitOfWork: new InMemoryUnitOfWork(region), attempts: new InMemoryConnectionAttempts(region) };
});
