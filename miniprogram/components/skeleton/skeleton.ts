/**
 * Grey shapes where the first content is about to be.
 *
 * - `kind`: `card` (title, two lines), `row` (round picture and two lines) or `text` (a paragraph)
 * - `count`: how many of them
 */
Component({
  properties: {
    kind: { type: String, value: "card" },
    count: { type: Number, value: 3 },
  },
});
