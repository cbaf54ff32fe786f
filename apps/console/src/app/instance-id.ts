const ID = /^[-0-9a-z]{1,128}$/;

/** Of the instance that an address names: by its identifier, or by its CRN as the platform's links do. */
export function instanceIdOf(given: string): string | undefined {
  const id = given.startsWith('crn:') ? given.split(':')[7] : given;
  return id !== undefined && ID.test(id) ? id : undefined;
}
