/** A word on a soft colour. `tone`: `quiet`, `primary`, `good`, `warn` or `bad`; `live`: with a breathing dot. */
Component({
  properties: {
    text: { type: String, value: "" },
    tone: { type: String, value: "quiet" },
    live: { type: Boolean, value: false },
  },
});
