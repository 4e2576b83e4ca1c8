import { type RequestView, ValueKind } from '../otlp/request-view.ts';

/** Where a text of the current span lies in the request's body. One object is reused; it copies no bytes. */
export class SpanText {
  offset = 0;
  /** In bytes; 0 when there is no text. */
  length = 0;

  /** Finds the first of `keys` that holds a STRING with something in it; true when there is one. */
  find(view: RequestView, keys: readonly number[]): boolean {
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!;
      if (view.valueKind(key) !== ValueKind.STRING) continue;
      const length = view.textLength(key);
      if (length === 0) continue;
      this.offset = view.textOffset(key);
      this.length = length;
      return true;
    }
    this.length = 0;
    return false;
  }
}
