/** How many rows one look at the store takes. */
const PAGE_SIZE = 500;

/** Walks through an ordered list page by page, by the last id seen, so that changes between pages
 * neither repeat nor skip the rows that stay. */
export async function* pages<Row>(
  read: (page: { readonly after?: string; readonly limit: number }) => Promise<readonly Row[]>,
  idOf: (row: Row) => string,
): AsyncGenerator<Row> {
  let after: string | undefined;
  for (;;) {
    const rows = await read({ limit: PAGE_SIZE, ...(after === undefined ? {} : { after }) });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_SIZE) return;
    after = idOf(last);
  }
}
