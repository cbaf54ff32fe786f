/** `1 key`, `2 keys`, `1,204 keys`: how every sentence of the service counts things. */
export const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : several}`;
