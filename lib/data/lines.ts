/**
 * Splits a stream into lines at line feeds alone: node:readline also splits at characters that a row may contain.
 * Each line is decoded with `encoding`.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>, encoding: BufferEncoding): AsyncGenerator<string> {
  let partial: Buffer[] = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      partial.push(chunk.subarray(from, end));
      yield Buffer.concat(partial).toString(encoding);
      partial = [];
      from = end + 1;
    }
    partial.push(chunk.subarray(from));
  }
  const rest = Buffer.concat(partial);
  if (rest.length > 0) yield rest.toString(encoding);
}
