import { reached, type Result } from './results';

const ROW = 22;
const LABELS = 560;
const BAR = 150;
/** Beyond twice its goal a line is drawn no longer. */
const MOST = 2;
const WIDTH = LABELS + MOST * BAR + 60;

/** How far each line is from its goal, as a bar; the stroke is the goal, whichever side of it is the good one. */
export function plot(results: readonly Result[]): string {
  const measured = results.filter(({ pairs }) => pairs.length > 0);
  const height = (measured.length + 1) * ROW;
  const goalAt = LABELS + BAR;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...measured.map(bar),
    `<path d="M${goalAt} 0V${height - ROW}" stroke="black"/>`,
    `<text x="${goalAt}" y="${height - 7}" text-anchor="middle">goal</text>`,
    '</svg>\n',
  ].join('\n');
}

function bar(result: Result, row: number): string {
  const share = reached(result);
  const y = row * ROW;
  const length = Math.min(share, MOST) * BAR;
  const text = `${share.toFixed(2)}${share > MOST ? ' >' : ''}`;
  return [
    `<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escaped(result.what)}</text>`,
    `<rect x="${LABELS}" y="${y + 4}" width="${length.toFixed(1)}" height="${ROW - 8}" fill="${share >= 1 ? '#24a148' : '#da1e28'}"/>`,
    `<text x="${(LABELS + length + 5).toFixed(1)}" y="${y + 15}">${text}</text>`,
  ].join('\n');
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');
