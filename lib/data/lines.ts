/**
 * The lines of a stream, ended by a line feed and nothing else: node:readline also splits at signs that a row may have
 * within. Each is a string of the stream's bytes in `encoding`.
 */
export async function* linesOf(stream: AsyncIterable<Buffer>, encoding: BufferEncoding): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      begun.push(chunk.subarray(from, end));
      yield Buffer.concat(begun).toString(encoding);
      begun = [];
      from = end + 1;
    }
    begun.push(chunk.subarray(from));
  }
  const rest = Buffer.concat(begun);
  if (rest.length > 0) yield rest.toString(encoding);
}
