/** As vCenter shows it, so that two can be compared character by character. */
export const withColons = (hex: string): string => (hex.toUpperCase().match(/../g) ?? []).join(':');
