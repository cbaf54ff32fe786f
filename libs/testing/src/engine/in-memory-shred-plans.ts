import { type AuditEvent } from '@lib/audit';

import {
  type CountedShredPlan,
  type ShredPlan,
  type ShredPlanChange,
  type ShredPlans,
  type WholeShredPlan,
} from '@lib/kmip-engine';

/** What a database would hold: copies, never what a caller goes on working with. */
export class InMemoryShredPlans implements ShredPlans {
  readonly audits: AuditEvent[] = [];
  readonly #plans = new Map<string, string>();

  list(): Promise<readonly CountedShredPlan[]> {
    const counted = [...this.#plans.values()].map((text) => {
      const { keys, shown, ...plan } = JSON.parse(text) as WholeShredPlan;
      return { ...plan, keyCount: keys.length, shownCount: Object.keys(shown).length };
    });
    return Promise.resolve(counted);
  }

  find(id: string): Promise<WholeShredPlan | undefined> {
    const text = this.#plans.get(id);
    return Promise.resolve(text === undefined ? undefined : (JSON.parse(text) as WholeShredPlan));
  }

  add(plan: WholeShredPlan, maximum: number, audit: AuditEvent): Promise<boolean> {
    if (this.#plans.size >= maximum) return Promise.resolve(false);
    this.#plans.set(plan.id, JSON.stringify(plan));
    this.audits.push(audit);
    return Promise.resolve(true);
  }

  async change(
    from: readonly ShredPlan['state'][],
    { plan, shown = {}, record, audit }: ShredPlanChange,
  ): Promise<boolean> {
    const stored = await this.find(plan.id);
    if (stored === undefined || !from.includes(stored.state)) return false;
    const { keys, shown: before } = stored;
    const changed = { ...stored, ...plan, keys, shown: { ...before, ...shown }, ...(record && { record }) };
    this.#plans.set(plan.id, JSON.stringify(changed));
    if (audit) this.audits.push(audit);
    return true;
  }

  async remove(id: string, from: readonly ShredPlan['state'][], audit: AuditEvent): Promise<boolean> {
    const stored = await this.find(id);
    if (stored === undefined || !from.includes(stored.state)) return false;
    this.#plans.delete(id);
    this.audits.push(audit);
    return true;
  }
}
