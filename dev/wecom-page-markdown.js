/** The only way anything gets onto the page: text stays text, whatever is in it. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** `code`, **bold**, [label](link), coloured text, <a>, and bare links. Only http and https are links. */
const INLINE =
  /`([^`\n]+)`|\*\*([^*\n]+(?:\*[^*\n]+)*)\*\*|\[([^\]\n]+)\]\((https?:\/\/[^\s()]+(?:\([^\s()]*\)[^\s()]*)*)\)|<font color="?(info|comment|warning)"?>([^]*?)<\/font>|<a href="(https?:\/\/[^"\s]+)">([^<]*)<\/a>|(https?:\/\/[^\s<>"'`，。；：！？、（）《》“”]+[^\s<>"'`，。；：！？、（）《》“”.,;:!?)\]])/g;

/** Elements and strings; with `formatted` false (a message of type text) only links are made. */
export function inline(text, formatted = true) {
  const out = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [all, code, bold, label, target, colour, coloured, href, linked, url] = match;
    if (!formatted && !href && !url) continue;
    out.push(text.slice(at, match.index));
    at = match.index + all.length;
    if (code) out.push(make("code", {}, code));
    else if (bold) out.push(make("strong", {}, ...inline(bold)));
    else if (colour) out.push(make("span", { className: colour }, ...inline(coloured)));
    else
      out.push(
        make(
          "a",
          { href: target || href || url, target: "_blank", rel: "noopener noreferrer" },
          label || linked || url,
        ),
      );
  }
  return [...out, text.slice(at)].filter((part) => part !== "");
}

/** Blocks: headings, code, quotes, lists, paragraphs. */
export function markdown(text) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks = [];
  const takeWhile = (pattern) => {
    const taken = [];
    while (lines.length > 0 && pattern.test(lines[0])) taken.push(lines.shift());
    return taken;
  };
  while (lines.length > 0) {
    const [line] = lines;
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (line.trim() === "") lines.shift();
    else if (/^\s*```/.test(line)) {
      lines.shift();
      const code = takeWhile(/^(?!\s*```)/);
      lines.shift();
      blocks.push(make("pre", {}, make("code", {}, code.join("\n"))));
    } else if (heading) {
      lines.shift();
      blocks.push(make(`h${Math.min(heading[1].length, 3) + 2}`, {}, ...inline(heading[2])));
    } else if (/^\s*>/.test(line)) {
      const quoted = takeWhile(/^\s*>/).map((one) => one.replace(/^\s*>\s?/, ""));
      blocks.push(make("blockquote", {}, ...inline(quoted.join("\n"))));
    } else if (/^\s*[-*+•]\s/.test(line)) {
      const entries = takeWhile(/^\s*[-*+•]\s/).map((one) =>
        make("li", {}, ...inline(one.replace(/^\s*[-*+•]\s+/, ""))),
      );
      blocks.push(make("ul", {}, ...entries));
    } else if (/^\s*\d+[.)]\s/.test(line)) {
      const start = Number.parseInt(line, 10);
      const entries = takeWhile(/^\s*\d+[.)]\s/).map((one) =>
        make("li", {}, ...inline(one.replace(/^\s*\d+[.)]\s+/, ""))),
      );
      blocks.push(make("ol", { start }, ...entries));
    } else {
      const paragraph = takeWhile(/^(?!\s*(```|#{1,6}\s|>|[-*+•]\s|\d+[.)]\s|$))/);
      blocks.push(
        make(
          "p",
          { className: "plain" },
          ...inline((paragraph.length > 0 ? paragraph : [lines.shift()]).join("\n")),
        ),
      );
    }
  }
  return blocks;
}
