/**
 * Readers of what ffmpeg writes. Its output is as little trusted as the clip: a size is checked before
 * it becomes memory, and whatever is not exactly what we asked for ends the reading.
 */

/** What a reader finds when the output is not what was asked for. */
export class MalformedOutput extends Error {}

export interface Picture {
  /** RGB, width x height x 3 bytes: the whole of an ArrayBuffer that nobody else holds. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Bytes of a stream, taken from it only as they are asked for. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Up to and without the next line feed; undefined at the end of the stream. */
  async line(maxLength: number): Promise<string | undefined> {
    let text = "";
    for (;;) {
      if (this.#at === this.#chunk.length && !(await this.#more())) {
        if (text === "") return undefined;
        throw new MalformedOutput("the end within a line");
      }
      const end = this.#chunk.indexOf(0x0a, this.#at);
      const stop = end < 0 ? this.#chunk.length : end;
      if (text.length + stop - this.#at > maxLength) throw new MalformedOutput("a long line");
      text += String.fromCharCode(...this.#chunk.subarray(this.#at, stop));
      this.#at = end < 0 ? stop : end + 1;
      if (end >= 0) return text;
    }
  }

  /** Fills `target`, or passes over as many bytes. */
  async bytes(count: number, target: Uint8Array | undefined): Promise<void> {
    for (let done = 0; done < count;) {
      if (this.#at === this.#chunk.length && !(await this.#more())) {
        throw new MalformedOutput("the end within a picture");
      }
      const part = this.#chunk.subarray(this.#at, this.#at + count - done);
      target?.set(part, done);
      done += part.length;
      this.#at += part.length;
    }
  }

  async #more(): Promise<boolean> {
    do {
      const next = await this.#chunks.next();
      if (next.done) return false;
      this.#chunk = next.value;
      this.#at = 0;
    } while (this.#chunk.length === 0);
    return true;
  }
}

/** Pictures in binary PPM, one after the other: each states its size, so none can be cut wrongly. */
export class PictureReader {
  readonly #bytes: ByteReader;
  readonly #maxSide: number;

  constructor(stream: AsyncIterable<Uint8Array>, maxSide: number) {
    this.#bytes = new ByteReader(stream);
    this.#maxSide = maxSide;
  }

  /**
   * The size of the next picture; undefined at the end of the stream. `read` or `skip` it before you
   * ask for another one.
   */
  async next(): Promise<{ read(): Promise<Picture>; skip(): Promise<void> } | undefined> {
    const magic = await this.#bytes.line(2);
    if (magic === undefined) return undefined;
    const size = /^([1-9]\d{0,4}) ([1-9]\d{0,4})$/.exec((await this.#bytes.line(11)) ?? "");
    const levels = await this.#bytes.line(3);
    const width = Number(size?.[1]);
    const height = Number(size?.[2]);
    const fits = Math.max(width, height) <= this.#maxSide; // false for NaN
    if (magic !== "P6" || levels !== "255" || !fits) throw new MalformedOutput("no picture");
    const count = width * height * 3;
    return {
      read: async () => {
        // Not zeroed first: the picture fills it, or nobody sees it.
        const data = new Uint8Array(Buffer.allocUnsafeSlow(count).buffer);
        await this.#bytes.bytes(count, data);
        return { data, width, height };
      },
      skip: () => this.#bytes.bytes(count, undefined),
    };
  }
}

/** Timestamps that the filter "metadata=print" writes, one before each picture, in microseconds. */
export class TimestampReader {
  readonly #bytes: ByteReader;
  #count = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#bytes = new ByteReader(stream);
  }

  async nextMs(): Promise<number> {
    const frame = /^frame:(\d+) +pts:(-?\d{1,15}) /.exec((await this.#bytes.line(100)) ?? "");
    if (frame === null) throw new MalformedOutput("no timestamp");
    // It begins anew with the filters, which ffmpeg does when the pictures become others.
    if (Number(frame[1]) !== this.#count++) throw new MalformedOutput("pictures of another kind");
    await this.#bytes.line(100); // what the timestamp was asked for with
    return Number(frame[2]) / 1000;
  }
}
