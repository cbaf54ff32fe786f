import { Controller, Get, Inject, Put } from '@nestjs/common';

import { type AuditEvent } from '@lib/audit';
import { type Clock } from '@lib/kernel';
import { type KeyInventory, type ListedKey, requireCoverage, requireFresh, uncoveredBy } from '@lib/kmip-engine';
import { CLOCK } from '@lib/platform';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { PUBLIC_URL } from '../../http/tokens';
import { administratorOf } from '../administrator';
import { invalidToken, pageAnswer, pageRequest } from '../paging';
import { InventoriedClients } from './inventoried-clients';
import { inventoryResponse, reclaimKey } from './reclaim.response';
import { Reclaiming } from './reclaiming';

/** InstanceInventoryPrototype. */
interface Prototype {
  readonly taken_at: string;
  readonly source: string;
  readonly key_ids: readonly string[];
  readonly covered_certificates: readonly string[];
  readonly certificates_without_keys?: readonly string[];
}

/** What an administrator found to be in use, and the keys that he did not. */
@Controller('v1/instances/:instance_id')
export class InventoryController {
  constructor(
    @Inject(Reclaiming) private readonly reclaiming: Reclaiming,
    @Inject(InventoriedClients) private readonly clients: InventoriedClients,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('inventory')
  @Operation('get_instance_inventory', 'key.list')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const inventory = await this.reclaiming.of(instanceId).inventory();
    if (inventory === undefined) throw notFound();
    const uncovered = uncoveredBy(inventory, await this.clients.of(instanceId));
    return { status: 200, body: inventoryResponse(inventory, uncovered, this.clock.now()) };
  }

  @Put('inventory')
  @Operation('set_instance_inventory', 'key.update')
  async set(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const now = this.clock.now();
    const inventory = inventoryOf(call.body as Prototype, call.principal.iamId, now);
    requireFresh(inventory, now);
    requireCoverage(inventory, await this.clients.of(instanceId));
    await this.reclaiming.of(instanceId).setInventory(inventory, eventOf(call, inventory));
    return { status: 200, body: inventoryResponse(inventory, [], now) };
  }

  @Get('reclaim_candidates')
  @Operation('list_instance_reclaim_candidates', 'key.list')
  async candidates(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { limit, after } = pageRequest(call, 2);
    const found = await this.reclaiming.candidates(call.instance().instanceId, after && placeOf(after), limit + 1);
    return pageAnswer<ListedKey>(call, this.publicUrl, 'reclaim_candidates', found, {
      cursorOf: (key) => [key.initialDate.toISOString(), key.uniqueIdentifier],
      present: (key) => reclaimKey(key, this.clock.now()),
    });
  }
}

/** Valid by its schema. */
function inventoryOf(prototype: Prototype, person: string, now: Date): KeyInventory {
  const { taken_at: takenAt, source, key_ids: keyIds } = prototype;
  const { covered_certificates: covered, certificates_without_keys: withoutKeys = [] } = prototype;
  return {
    takenAt: new Date(takenAt),
    uploadedAt: now,
    uploadedBy: person,
    source,
    keyIds: sorted(keyIds),
    coveredCertificates: sorted(covered),
    certificatesWithoutKeys: sorted(withoutKeys),
  };
}

const sorted = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();

function placeOf([at = '', id = '']: readonly string[]): { readonly at: Date; readonly id: string } {
  if (Number.isNaN(Date.parse(at)) || !/^[0-9a-f-]{36}$/.test(id)) throw invalidToken();
  return { at: new Date(at), id };
}

function eventOf(call: OperationCall, inventory: KeyInventory): AuditEvent {
  const { uploadedAt, takenAt, source, keyIds, coveredCertificates, certificatesWithoutKeys } = inventory;
  const { instanceId, initiator, correlationId, observer } = administratorOf(call);
  return {
    instanceId,
    action: 'vmware-solutions.key-inventory.set',
    occurredAt: uploadedAt,
    initiator,
    outcome: 'success',
    target: { kind: 'instance', id: instanceId },
    correlationId,
    observer,
    details: {
      takenAt: takenAt.toISOString(),
      source,
      keys: keyIds.length,
      certificates: coveredCertificates.length,
      // Somebody's word, by which keys may be destroyed in the end.
      ...(certificatesWithoutKeys.length > 0 && { certificatesWithoutKeys: certificatesWithoutKeys.join(' ') }),
    },
  };
}
