import { randomUUID } from 'node:crypto';

import { newCorrelationId, toInstanceId } from '@lib/kernel';
import { ManualClock } from '@lib/testing';

import { successEvent } from './action-context';

it('an event is of the instance that it is recorded for, whichever one the request is about', () => {
  const [asked, recorded] = [toInstanceId(randomUUID()), toInstanceId(randomUUID())];
  const context = {
    instanceId: asked,
    initiator: { kind: 'system', component: 'test' },
    correlationId: newCorrelationId(),
    observer: 'test',
  } as const;
  const event = successEvent(context, new ManualClock(), recorded, 'vmware-solutions.certificate.prove', {
    target: { kind: 'certificate', id: 'c' },
    details: {},
  });
  expect(event.instanceId).toBe(recorded);
});
