import { InMemoryRegion } from '../region/in-memory-region';
import { InMemoryServiceInstanceDirectory } from '../service-instances/in-memory-service-instance-directory';
import { InMemoryServiceInstanceUnitOfWork } from '../service-instances/in-memory-service-instance-unit-of-work';
import { InMemoryDailyUsages } from './in-memory-daily-usages';
import { describeMeteringContract } from './metering.contract';

describeMeteringContract('InMemoryUsageLedger', () => {
  const region = new InMemoryRegion();
  return {
    unitOfWork: new InMemoryServiceInstanceUnitOfWork(region),
    directory: new InMemoryServiceInstanceDirectory(region),
    dailyUsages: new InMemoryDailyUsages(region),
    storeOf: (instanceId) => region.storeOf(instanceId),
  };
});
