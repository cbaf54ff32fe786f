import { NoteApplication, NoteWriter } from '@lib/kmip-engine';

import { type LifeWorld } from './life-world';

const HOUR_MS = 3_600_000;

/** What housekeeping does about notes. */
export async function keepNotes(world: LifeWorld): Promise<void> {
  const { background } = world.process.harness;
  await new NoteWriter(background).run(world.reconcileScope());
  if (world.catalog.isHeld) await new NoteApplication(background).readAndRun(world.reconcileScope());
}

/** `restore release` after what has to come before it; a step that fails ends it (docs/operations.md). */
export async function release(world: LifeWorld): Promise<void> {
  world.bindAll();
  await world.rebuild();
  await world.catalog.minute();
  if (!world.catalog.isHeld) return;
  await new NoteApplication(world.process.harness.background).readAndRun(world.reconcileScope());
  await world.catalog.release();
}

/** The documented procedure, with everything working and every root key bound. */
export async function putRight(world: LifeWorld): Promise<void> {
  world.recover();
  world.vault.mend((id) => world.fates.get(id)?.destroyed === false);
  world.restart();
  // Longer than a fail-over can hide a key.
  world.clock.advance(11 * HOUR_MS);
  for (let round = 0; round < 3; round += 1) {
    await release(world);
    await world.process.harness.reconciler().run(world.reconcileScope());
    await keepNotes(world);
    await world.observe();
    world.clock.advance(HOUR_MS + 1000);
  }
}
