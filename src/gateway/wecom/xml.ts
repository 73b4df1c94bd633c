import { SaxesParser } from "saxes";
import { readFlatXml } from "./flat-xml.ts";
import type { XmlRecord, XmlValue } from "./xml-record.ts";

/** The text is not XML, or not such as WeCom sends. */
export class XmlError extends Error {
  constructor(reason: string) {
    super(`xml: ${reason}`);
    this.name = "XmlError";
  }
}

/** WeCom nests five deep at most (xml, SelectedItems, SelectedItem, OptionIds, OptionId). */
const MAX_DEPTH = 8;
/** Characters that XML forbids but members paste: a message must not be lost for them. */
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

interface Element {
  name: string;
  text: string;
  children: XmlRecord | undefined;
}

/**
 * Parses a callback's XML: well-formed, no DOCTYPE, and so no entities but the five predefined ones and characters by
 * number. Attributes are passed over. The caller bounds the size.
 *
 * @returns the root's children by name @throws XmlError
 */
export function parseXml(xml: string): XmlRecord {
  const allowed = xml.replace(FORBIDDEN, "");
  return readFlatXml(allowed) ?? parseAnyXml(allowed);
}

/** The same by a full XML parser. */
export function parseAnyXml(xml: string): XmlRecord {
  const open: Element[] = [{ name: "", text: "", children: undefined }];
  const addText = (text: string) => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw new XmlError(error.message);
  });
  parser.on("doctype", () => {
    throw new XmlError("a DOCTYPE");
  });
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("opentag", ({ name }) => {
    if (open.length > MAX_DEPTH) throw new XmlError("nested too deep");
    open.push({ name, text: "", children: undefined });
  });
  parser.on("closetag", ({ name }) => {
    const element = open.pop();
    const parent = open.at(-1);
    if (element && parent) add((parent.children ??= emptyRecord()), name, contentOf(element));
  });
  parser.write(xml).close();
  const [root] = Object.values(open[0]?.children ?? {});
  return root === undefined || typeof root === "string" || Array.isArray(root) ? emptyRecord() : root;
}

function contentOf({ text, children }: Element): XmlValue {
  if (children && text.trim() !== "") throw new XmlError("text between elements");
  return children ?? text;
}

function add(record: XmlRecord, name: string, value: XmlValue): void {
  const former = record[name];
  if (former === undefined) record[name] = value;
  else if (Array.isArray(former)) former.push(value);
  else record[name] = [former, value];
}

function emptyRecord(): XmlRecord {
  return Object.create(null) as XmlRecord;
}
