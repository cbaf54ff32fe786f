/** Something that the vCenter commands do not do as things stand, with what to do instead. Nothing was changed. */
export class Refusal extends Error {}
