import { Lexer, type MarkedOptions, type Token } from "marked";

/**
 * `**重点：**后文` is bold to everybody who writes it, but not to CommonMark: a mark between punctuation and a letter
 * does not close. Models write it all the time.
 */
const BOLD = /^\*\*(?![\s*])((?:[^*\\\n]|\\.|\*(?!\*))*?[^\s*\\])\*\*(?!\*)/;

const OPTIONS: MarkedOptions = {
  gfm: true,
  // A single line break of a model is meant as one.
  breaks: true,
  extensions: {
    renderers: {},
    childTokens: {},
    inline: [
      function bold(src) {
        const match = BOLD.exec(src);
        if (!match) return undefined;
        const [raw, text = ""] = match;
        return { type: "strong", raw, text, tokens: this.lexer.inlineTokens(text) };
      },
    ],
  },
};

/** The blocks of a Markdown text. */
export function lexMarkdown(text: string): Token[] {
  return new Lexer({ ...OPTIONS }).lex(text);
}

/** The inline parts of one paragraph. */
export function lexInline(text: string): Token[] {
  return Lexer.lexInline(text, { ...OPTIONS });
}
