/** The fields of a row without being of its class: what mappers take and make. */
export type Columns<T> = { [K in keyof T]: T[K] };
