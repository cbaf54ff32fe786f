import { usageFault } from '../../command-line/faults';

/** From 1 on. @throws CommandFault */
export function wholeNumber(text: string, option: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw usageFault(`${option} is no number that can be meant: ${text}`, `a whole number from 1 to ${most}`);
}
