/**
 * Regroups a stream into blocks of exactly `blockBytes`, but for the last, without copying: a block is the list of the
 * pieces that it is made of. An empty stream gives no block.
 */
export async function* rechunk(
  source: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Uint8Array[], void, undefined> {
  let block: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    let rest = chunk;
    while (bytes + rest.byteLength >= blockBytes) {
      const taken = blockBytes - bytes;
      block.push(rest.subarray(0, taken));
      yield block;
      block = [];
      bytes = 0;
      rest = rest.subarray(taken);
    }
    if (rest.byteLength > 0) {
      block.push(rest);
      bytes += rest.byteLength;
    }
  }
  if (bytes > 0) yield block;
}
