/** Several operations of one batch, and some of them failed. The others were done: `results` has each one's end. */
export class BatchError extends AggregateError {
  override readonly name = "BatchError";
  readonly results: readonly PromiseSettledResult<unknown>[];

  constructor(results: readonly PromiseSettledResult<unknown>[]) {
    const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    super(errors, `${errors.length} of ${results.length} operations failed: ${errors[0]}`);
    this.results = results;
  }
}
