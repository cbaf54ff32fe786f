import { driverOf, KEY_MANAGER_DRIVERS } from './key-manager-drivers';

describe('the drivers of key managers', () => {
  it('stand in their table under their own kind', () =>
    expect(Object.values(KEY_MANAGER_DRIVERS).map(({ kind }) => kind)).toEqual(Object.keys(KEY_MANAGER_DRIVERS)));

  it.each(Object.values(KEY_MANAGER_DRIVERS))('of $kind is found by it', (driver) =>
    expect(driverOf(driver.kind)).toBe(driver),
  );

  it.each(['of_a_later_release', 'constructor', ''])('say of the kind %j that a later release bound it', (kind) => {
    const message = 'a later release bound this key manager: here is no driver for it';
    expect(() => driverOf(kind)).toThrow(expect.objectContaining({ fault: 'refused', message }) as Error);
  });
});
