/** Of the package and of the repository alike; a spec compares. */
export const VERSION = '0.1.0';
