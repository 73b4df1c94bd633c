import type { XmlRecord } from "./xml-record.ts";

/** An element with text or one CDATA section in it, and nothing that an XML parser would have to expand or refuse. */
const ELEMENT = /\s*<([A-Za-z_]\w*)>(?:<!\[CDATA\[([^]*?)\]\]>|([^<>&]*))<\/\1>/y;
const START = /\s*<xml>/y;
const END = /\s*<\/xml>\s*$/y;

/**
 * Reads the plainest XML, one level of elements with text, as WeCom writes nearly every callback: at a tenth of a
 * parser's cost, and by pattern, so that what it takes is certain to be well-formed.
 *
 * @returns undefined for anything else, good or bad: that is for the parser
 */
export function readFlatXml(xml: string): XmlRecord | undefined {
  START.lastIndex = 0;
  if (!START.test(xml)) return undefined;
  const record = Object.create(null) as XmlRecord;
  let at = START.lastIndex;
  for (;;) {
    ELEMENT.lastIndex = at;
    const [element, name, cdata, text] = ELEMENT.exec(xml) ?? [];
    if (element === undefined || name === undefined) break;
    // Two of one name, or two sections that the pattern took for one.
    if (record[name] !== undefined || cdata?.includes("]]>")) return undefined;
    record[name] = cdata ?? text ?? "";
    at += element.length;
  }
  END.lastIndex = at;
  return END.test(xml) ? record : undefined;
}
