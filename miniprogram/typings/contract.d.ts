/** Named by the contract's types, for the servers; there is none here. */
interface AbortSignal {
  readonly aborted: boolean;
}
