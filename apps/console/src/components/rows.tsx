import { type ReactNode } from 'react';

export interface Column<R> {
  readonly key: string;
  readonly header: string;
  readonly cell: (row: R) => ReactNode;
  /** Of numbers, which are compared from the right. */
  readonly numeric?: boolean;
}

interface RowsProps<R> {
  /** What the rows are, for who does not see the table. */
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly idOf: (row: R) => string;
}

/**
 * A table in Carbon's clothes; where it is narrow, a card for each row (the look does that by the labels of the cells).
 * The frame can be reached by keyboard, to be scrolled. The roles are said, since a browser takes a table that is none in the style sheet for none.
 */
export function Rows<R>({ label, columns, rows, idOf }: RowsProps<R>) {
  return (
    <div className="k-table" tabIndex={0} role="group" aria-label={label}>
      <table className="cds--data-table cds--data-table--lg" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ key, header, numeric }) => (
              <th key={key} role="columnheader" scope="col" className={numeric === true ? 'k-numeric' : ''}>
                <div className="cds--table-header-label">{header}</div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={idOf(row)} role="row">
              {columns.map(({ key, header, cell, numeric }) => (
                <td key={key} role="cell" data-label={header} className={numeric === true ? 'k-numeric' : ''}>
                  <div className="k-cell">{cell(row)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
