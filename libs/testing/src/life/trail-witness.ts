import { readExport } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';
import { type RebuildReport, type TrailFacts, trailFactsOf } from '@lib/kmip-engine';

/** An export of the audit trail, and what a rebuild has to say of it. Reads the lines by itself, not by the product. */
export class TrailWitness {
  private constructor(
    private readonly lines: readonly string[],
    readonly facts: TrailFacts,
  ) {}

  /** @returns undefined for a trail without events @throws when the lines do not prove themselves */
  static of(lines: readonly string[]): TrailWitness | undefined {
    const read = readExport(lines);
    if (!read.intact) throw new Error(`the export is not intact: event ${String(read.seq)}: ${read.fault}`);
    const facts = trailFactsOf(read.events);
    return facts && new TrailWitness(lines, facts);
  }

  names(id: UniqueIdentifier): boolean {
    return this.lines.some((line) => line.includes(id));
  }

  /** @param came keys that came back with this run, of all that came back @returns what is wrong with the report */
  faultsOf({ trail, stoppedBy }: RebuildReport, came: readonly UniqueIdentifier[]): readonly string[] {
    if (stoppedBy !== undefined) return [];
    if (trail === undefined) return ['a rebuild said nothing of the trail it was given'];
    const faults: string[] = [];
    if (trail.lastSeq !== this.lines.length) faults.push('a rebuild named another end of the trail');
    for (const id of trail.unknown) if (this.names(id)) faults.push(`${id} is told as unknown to a trail that has it`);
    for (const id of came) {
      if (!this.names(id) && !trail.unknown.includes(id))
        faults.push(`${id} came back, and nobody said that it is unknown`);
    }
    return faults;
  }
}
