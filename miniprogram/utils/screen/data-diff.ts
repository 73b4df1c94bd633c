/** Of `after`, what a page's data do not have yet: for a setData no larger than it must be. Only for plain data. */
export function dataDiff<Data extends object>(data: Data, after: Partial<Data>): Partial<Data> {
  const changed: Partial<Data> = {};
  for (const key of Object.keys(after) as (keyof Data)[]) {
    const value = after[key];
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(data[key])) changed[key] = value;
  }
  return changed;
}
