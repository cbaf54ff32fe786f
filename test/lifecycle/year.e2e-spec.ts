import { until } from '../e2e/support/running-service';
import { type Step, STEPS, type Told } from './steps';
import { TenantYear } from './support/tenant-year';

/** 1: every step once. 12: the long form, in which each has its month and some come with every month. */
const MONTHS = Number(process.env['LIFECYCLE_MONTHS'] ?? '1');
const DAYS_A_MONTH = 30;
const KEYS_AT_FIRST = 12;
/** From the refused request on, in real time. */
const TOLD_WITHIN_MS = 120_000;
const SERVED_WITHIN_MS = 10_000;
const SETTLED_WITHIN_MS = 60_000;

jest.setTimeout(300_000);

const isDue = ({ month }: Step, now: number): boolean => month === undefined || month === now || MONTHS === 1;
const YEAR = Array.from({ length: MONTHS }, (_, index) => index + 1).flatMap((month) => {
  const steps = STEPS.filter((step) => isDue(step, month));
  return steps.map((step) => ({
    ...step,
    title: `month ${month}: ${step.name}`,
    daysBefore: DAYS_A_MONTH / steps.length,
  }));
});

/** On the built product with both endpoints; months pass by the clock of the key managers. */
describe("a tenant's year", () => {
  let year: TenantYear;
  /** What comes after it would fail by it, and say nothing. */
  let failed: string | undefined;

  beforeAll(async () => {
    year = await TenantYear.begin();
    await year.encryptVms(KEYS_AT_FIRST);
  });
  afterAll(() => year.end());

  it.each(YEAR)('$title', async ({ title, daysBefore, ...step }) => {
    if (failed !== undefined) throw new Error(`not tried, as this failed: ${failed}`);
    failed = title;
    await year.pass(daysBefore);
    await year.encryptVms(1);
    await go(step);
    expect(await year.wrong()).toEqual([]);
    failed = undefined;
  });

  it('ends with one stored key for each key that is left, in all key managers together', async () => {
    const expected = year.living.map((id) => `vmware_kmip_${id}`).sort();
    const settled = async (): Promise<boolean> => (await year.storedKeys()).join() === expected.join();
    await until('nothing is left over', SETTLED_WITHIN_MS, settled).catch(() => undefined);
    expect(await year.storedKeys()).toEqual(expected);
  });

  async function go({ happens, refused, told, mended, afterwards }: Step): Promise<void> {
    const struck = await happens(year);
    expect(await year.wrong(struck, refused)).toEqual([]);
    if (told !== undefined) await tells(told);
    if (mended !== undefined) {
      await mended(year);
      await until('all is served again', SERVED_WITHIN_MS, async () => (await year.wrong()).length === 0);
    } else if (refused !== undefined) {
      for (const id of struck) year.gone.set(id, refused);
    }
    if (afterwards !== undefined) await tells(afterwards);
  }

  async function tells({ in: report, words }: Told): Promise<void> {
    const says = async (): Promise<boolean> => words.test(await year.report(report));
    await until(`${report} says so`, TOLD_WITHIN_MS, says).catch(() => undefined);
    expect(await year.report(report)).toMatch(words);
  }
});
