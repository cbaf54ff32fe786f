import { ApiError } from '../http/api-error';

/** Half-open, in whole milliseconds. */
export interface Period {
  readonly from?: Date;
  readonly before?: Date;
}

const DAY_MS = 86_400_000;
const COMPARISON = /^(?:(gt|gte|lt|lte):)?(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/;

/**
 * `gte:2026-11-01,lt:2026-12-01`: one or two comparisons. A day without a time means the whole day.
 * @throws ApiError 400
 */
export function periodOf(parameter: string, text: string | undefined): Period {
  let period: Period = {};
  for (const comparison of text === undefined ? [] : text.split(',')) {
    const { from, before } = one(parameter, comparison);
    if ((from && period.from) || (before && period.before)) throw invalid(parameter);
    period = { ...period, ...(from && { from }), ...(before && { before }) };
  }
  return period;
}

function one(parameter: string, text: string): Period {
  const [, operator, day, time] = COMPARISON.exec(text) ?? [];
  const start = Date.parse(`${day ?? ''}${time ?? ''}`);
  if (Number.isNaN(start)) throw invalid(parameter);
  const end = start + (time === undefined ? DAY_MS : 1);
  const edges = { start: new Date(start), end: new Date(end) };
  switch (operator) {
    case 'gt':
      return { from: edges.end };
    case 'gte':
      return { from: edges.start };
    case 'lt':
      return { before: edges.start };
    case 'lte':
      return { before: edges.end };
    default:
      return { from: edges.start, before: edges.end };
  }
}

const invalid = (parameter: string): ApiError =>
  ApiError.of(400, 'invalid_parameter', 'Give one or two comparisons with dates, such as `gte:2026-11-01`.', {
    type: 'parameter',
    name: parameter,
  });
