/**
 * How often a property is tried. Few times, with a fixed seed, wherever a red run must mean a fault of the change; a
 * search is started by hand: `PROPERTY_RUNS=100000 PROPERTY_SEED=7 npx jest …`.
 */
export function propertyRuns(few: number): { readonly numRuns: number; readonly seed: number } {
  return {
    numRuns: Number(process.env['PROPERTY_RUNS'] ?? few),
    seed: Number(process.env['PROPERTY_SEED'] ?? 20_261_128),
  };
}
