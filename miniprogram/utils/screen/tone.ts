/** A colour's meaning; the classes of `status-tag`. */
export type Tone = "quiet" | "primary" | "good" | "warn" | "bad";
