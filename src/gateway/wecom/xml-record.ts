/** An element's content: its text, its children by name, or several elements of one name. */
export type XmlValue = string | XmlRecord | XmlValue[];
/** Has no prototype, so that no element name can mean anything else. */
export interface XmlRecord {
  [name: string]: XmlValue;
}

/** The elements of that name in `value`; none where it has no children. */
export function childrenOf(value: XmlValue, name: string): XmlValue[] {
  if (typeof value === "string" || Array.isArray(value)) return [];
  return [value[name] ?? []].flat();
}
