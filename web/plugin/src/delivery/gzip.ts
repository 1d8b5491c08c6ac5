/** Compresses the body of a large request. */
export function gzip(body: string, Stream: typeof CompressionStream): Promise<ArrayBuffer> {
  const zipped = new Blob([body]).stream().pipeThrough(new Stream('gzip'));
  return new Response(zipped).arrayBuffer();
}
