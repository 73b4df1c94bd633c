import { describe, expect, test } from "bun:test";
import { openRandom } from "../../../test/random.ts";
import { readFlatXml } from "./flat-xml.ts";
import { parseAnyXml, parseXml, XmlError } from "./xml.ts";
import { childrenOf } from "./xml-record.ts";

const parsed = (xml: string): unknown => JSON.parse(JSON.stringify(parseXml(xml)));

describe("reads", () => {
  test("text and CDATA, in any order and with white space between", () => {
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<xml>\n <A>1</A><B><![CDATA[二<b>&amp;]]></B>\n<C>x<![CDATA[y]]>z</C></xml>\n`;
    expect(parsed(xml)).toEqual({ A: "1", B: "二<b>&amp;", C: "xyz" });
  });

  test("empty elements", () => {
    expect(parsed("<xml><A></A><B/><C><![CDATA[]]></C><D /></xml>")).toEqual({ A: "", B: "", C: "", D: "" });
    expect(parsed("<xml/>")).toEqual({});
  });

  test("the five predefined entities and characters by number, outside CDATA only", () => {
    expect(parsed("<xml><A>&lt;&gt;&amp;&quot;&apos;&#20320;&#x1F916;</A></xml>")).toEqual({
      A: `<>&"'你🤖`,
    });
    expect(parsed("<xml><A>&amp;lt;</A></xml>")).toEqual({ A: "&lt;" });
  });

  test("children, one or several of a name", () => {
    const xml = "<xml><L><I><K>a</K></I><I><K>b</K></I><I><K>c</K></I></L></xml>";
    expect(parsed(xml)).toEqual({ L: { I: [{ K: "a" }, { K: "b" }, { K: "c" }] } });
    const list = parseXml(xml)["L"] ?? "";
    expect(childrenOf(list, "I").flatMap((item) => childrenOf(item, "K"))).toEqual(["a", "b", "c"]);
    expect(childrenOf(list, "Other")).toEqual([]);
    expect(childrenOf("text", "I")).toEqual([]);
  });

  test("control characters that a member pasted: the message must not be lost for them", () => {
    expect(parsed("<xml><A><![CDATA[a\u0000b\u000bc]]></A></xml>")).toEqual({ A: "abc" });
  });

  test("names that mean something to JavaScript as any other", () => {
    const record = parseXml("<xml><__proto__>x</__proto__><constructor>y</constructor></xml>");
    expect(record["__proto__"]).toBe("x");
    expect(record["constructor"]).toBe("y");
    expect(record["toString"]).toBeUndefined();
  });
});

test.each([
  ["nothing", ""],
  ["text only", "hello"],
  ["a DOCTYPE", "<!DOCTYPE xml><xml><A>1</A></xml>"],
  ["an external entity", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><A>&e;</A></xml>'],
  ["entities in entities", '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml><A>&b;</A></xml>'],
  ["an unknown entity", "<xml><A>&e;</A></xml>"],
  ["an entity named like a method", "<xml><A>&constructor;</A></xml>"],
  ["a bare &", "<xml><A>a & b</A></xml>"],
  ["an entity without its end", "<xml><A>&amp</A></xml>"],
  ["half of a surrogate pair", "<xml><A>&#xD800;</A></xml>"],
  ["a character past the last", "<xml><A>&#x110000;</A></xml>"],
  ["the character 0", "<xml><A>&#0;</A></xml>"],
  ["a tag that is not closed", "<xml><A>1</A>"],
  ["a tag closed by another", "<xml><A>1</B></xml>"],
  ["a tag closed twice", "<xml><A>1</A></A></xml>"],
  ["a closing tag first", "</xml>"],
  ["CDATA without an end", "<xml><A><![CDATA[1</A></xml>"],
  ["a cut-off tag", "<xml><A>1</A></xml"],
  ["two roots", "<xml></xml><xml></xml>"],
  ["two different roots", "<xml></xml><y></y>"],
  ["text after the root", "<xml></xml>text"],
  ["text between elements", "<xml>text<A>1</A></xml>"],
  ["nested too deep", "<a>".repeat(9) + "</a>".repeat(9)],
])("refuses %s", (_, xml) => {
  expect(() => parseXml(xml)).toThrow(XmlError);
});

test("time grows with the size only", () => {
  const size = 256 * 1024;
  const hostile = ["<", "&", "<a>", "<![CDATA[", "<a ", "]]>", "&#", " ", "<?xml "];
  for (const piece of hostile) {
    const xml = `<xml><A>${piece.repeat(size / piece.length)}`;
    const started = performance.now();
    expect(() => parseXml(xml)).toThrow(XmlError);
    expect(() => parseXml(piece.repeat(size / piece.length))).toThrow(XmlError);
    expect(performance.now() - started).toBeLessThan(500);
  }
});

const random = openRandom();
test(`what is read the short way, a full parser reads the same, seed ${random.seed}`, () => {
  const pieces = [
    "<xml>",
    "</xml>",
    "<A>",
    "</A>",
    "<B>",
    "</B>",
    "<C/>",
    "<![CDATA[",
    "]]>",
    "&lt;",
    "&",
    "<",
    ">",
    "好",
    " ",
    "\n",
  ];
  const pick = (from: readonly string[]) => from[Math.floor(random.between(0, from.length))] ?? "";
  const leaves = [
    "",
    "text",
    "<![CDATA[<&>]]>",
    "&amp;1",
    "a<![CDATA[b]]>",
    "<![CDATA[]]>",
    "]]",
    "<D>x</D>",
  ];
  let short = 0;
  for (let round = 0; round < 5_000; round++) {
    const element = (name: string) => `<${name}>${pick(leaves)}</${name}>${pick(["", "\n", " "])}`;
    let xml = `<xml>${["A", "B", "C"]
      .slice(0, Math.floor(random.between(0, 4)))
      .map(element)
      .join("")}</xml>`;
    for (let changes = Math.floor(random.between(0, 3)); changes > 0; changes--) {
      const at = Math.floor(random.between(0, xml.length + 1));
      xml = xml.slice(0, at) + pick(pieces) + xml.slice(at + Math.floor(random.between(0, 3)));
    }
    const flat = readFlatXml(xml);
    if (!flat) continue;
    short++;
    expect({ xml, is: flat }).toEqual({ xml, is: parseAnyXml(xml) });
  }
  expect(short).toBeGreaterThan(500);
});
