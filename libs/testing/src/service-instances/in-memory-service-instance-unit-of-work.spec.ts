import { InMemoryRegion } from '../region/in-memory-region';
import { InMemoryServiceInstanceDirectory } from './in-memory-service-instance-directory';
import { InMemoryServiceInstanceUnitOfWork } from './in-memory-service-instance-unit-of-work';
import { describeServiceInstancesContract } from './service-instances.contract';

describeServiceInstancesContract('InMemoryServiceInstanceUnitOfWork', () => {
  const region = new InMemoryRegion();
  return {
    unitOfWork: new InMemoryServiceInstanceUnitOfWork(region),
    directory: new InMemoryServiceInstanceDirectory(region),
    storeOf: (instanceId) => region.storeOf(instanceId),
  };
});
