import { Lexer, type MarkedOptions, type Token, type TokensList } from "marked";

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

/** The addresses that a text defines (`[name]: address`). */
export type Definitions = TokensList["links"];

/** The blocks of a Markdown text. What is inline in them is not read: it is in their `text`. */
export function lexBlocks(text: string): { tokens: Token[]; definitions: Definitions } {
  const lexer = new Lexer({ ...OPTIONS });
  const tokens = lexer.blockTokens(text, lexer.tokens);
  return { tokens, definitions: lexer.tokens.links };
}

/** The inline parts of a text. */
export function lexInline(text: string, definitions: Definitions): Token[] {
  const lexer = new Lexer({ ...OPTIONS });
  lexer.tokens.links = definitions;
  return lexer.inlineTokens(text);
}
