let segmenter: Intl.Segmenter | undefined;

/** The characters of a text as people see them. */
export function graphemes(text: string): Intl.Segments {
  // Only now: to make it takes milliseconds, which a program's start has no use for.
  segmenter ??= new Intl.Segmenter("zh", { granularity: "grapheme" });
  return segmenter.segment(text);
}
